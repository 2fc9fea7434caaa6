"""The REST API. It is a thin layer: each handler parses the request, calls one use case, and encodes the result."""
