"""The description of the API: the table of calls, and the OpenAPI document that is built from the table."""
