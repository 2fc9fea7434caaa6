"""Commands for operators, which run the server or access its database."""
