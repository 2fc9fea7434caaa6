"""What can be set: each setting with its type, its default and its check. Read by the composition root alone."""
