"""The REST API: thin. Parse, one call of a use case, answer."""
