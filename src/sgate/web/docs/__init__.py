"""The pages for developers: the errors, and the API to try."""
