"""How much of a text the model is shown at once."""

from shared.models import Model


class CallSizes(Model):
    """How much goes into one call of the model, in tokens: of a document, and of a diff."""

    chunk_tokens: int
    batch_tokens: int
