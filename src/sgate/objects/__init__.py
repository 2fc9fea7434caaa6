"""What the outside sees: one module per object of the API and of webhooks.

Rendered in one place, because the answer to a call, the stored event and the webhook must agree to the letter.
"""
