"""Documents in chunks that are kept, and claims of the model with quotes that the program found, as
several task types use them.
"""
