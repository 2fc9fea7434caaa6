"""The API calls, with one module for each kind of object. A call is defined once for both clients."""
