"""What a payment is and when it counts: pure rules, no I/O, no clock, no randomness.

Everything that varies (time, block heights, random bytes, secrets) comes in as an argument, so each rule can be
read, tested and replayed by itself. Nothing here imports anything but the standard library and msgspec.
"""
