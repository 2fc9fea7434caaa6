"""The developer pages: the API reference and the error codes."""
