"""The API's description of itself: the table of calls, and the OpenAPI document built from it."""
