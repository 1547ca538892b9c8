"""Documents in chunks that are kept, and claims of the model with quotes that the program found, as
several task types use them.

`chunking` and `artifacts` make and keep the chunks, `proofs.Proofs` finds the quotes.
"""
