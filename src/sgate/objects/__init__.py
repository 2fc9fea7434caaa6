"""The objects of the API and of webhooks, one module each.

They are rendered in one place, because API responses, stored events and webhooks must be identical.
"""
