"""The books: what the facts of an intent amount to, what is announced about it, and whether what is stored agrees."""
