"""Typed and validated settings. Only `runtime` and `cli` read them."""
