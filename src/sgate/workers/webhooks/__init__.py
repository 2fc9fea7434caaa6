"""Delivering webhooks: claiming, signing, sending, and setting aside what cannot go now."""
