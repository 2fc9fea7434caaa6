"""The API calls, one module for each kind of object. Each call is defined once, for both clients."""
