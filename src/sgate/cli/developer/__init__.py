"""Commands for developers: they talk to a running server, over HTTP only."""
