"""Commands for developers, which call a running server over HTTP only."""
