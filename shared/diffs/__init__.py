"""Pure text work on pull requests: patches, their lines, and what is found on them."""
