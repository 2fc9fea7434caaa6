"""The calls of the API, one module for each kind of object. Each call is written once, for both clients."""
