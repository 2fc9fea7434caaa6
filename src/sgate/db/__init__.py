"""PostgreSQL plumbing: connections, notifications, batching, column encryption. Nothing here knows a table."""
