"""The objects of the API and of webhooks. Each kind of object has its own module.

All objects are rendered here, because an object must look the same in API responses, stored events and webhooks.
"""
