"""PostgreSQL itself: connections, notifications, batches, encryption of columns. No table is known here."""
