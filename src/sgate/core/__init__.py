"""The rules of payments as pure functions: no I/O, no clock, no randomness.

Everything that varies (time, block heights, random bytes, secrets) is passed in as an argument, so that each rule can
be read, tested and replayed on its own. The package imports only the standard library and msgspec.
"""
