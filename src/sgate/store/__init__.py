"""All SQL of sGate: one module per table, one function per statement, the connection first.

Statements are plain text with explicit columns. A function here never decides and never opens a transaction: the use
case in `services` does both.
"""
