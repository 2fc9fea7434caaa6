"""Typed and validated settings. Only `runtime` and `cli` use this package."""
