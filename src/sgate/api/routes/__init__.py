"""The calls, one module per object: parse, one use case, answer."""
