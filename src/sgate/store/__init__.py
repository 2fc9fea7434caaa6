"""All of sGate's SQL: one module per table, one function per statement, with the connection as the first argument.

Statements are plain text with explicit columns. The functions make no decisions, and most of them open no transaction.
The use cases in `services` make the decisions and open the transactions.
"""
