"""Pure text work: what files are called, what they are, and reading them."""
