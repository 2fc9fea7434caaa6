"""All of sGate's SQL: one module per table, one function per statement, with the connection as the first argument.

Statements are plain text with explicit columns. Functions here make no decisions and normally open no transaction;
that is up to the use cases in `services`.
"""
