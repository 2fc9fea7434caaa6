"""Following the chain: what is read, whose money it is, and what is written down. Nothing here decides about money."""
