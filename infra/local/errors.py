"""Why something local does not start, or ended: one sentence for whoever started it."""


class StartError(Exception):
    """The text says what is wrong and, where that is not plain, what to do."""
