"""The API's calls and their handlers, one module per kind of object."""
