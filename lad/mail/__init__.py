"""Mail as rows: queued in a transaction, sent by a task outside of it, never sent twice by accident."""
