"""Access to PostgreSQL: connections, notifications, batching and encryption. The tables are in `store`."""
