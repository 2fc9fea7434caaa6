"""Commands for operators: they run the server, or talk to its database."""
