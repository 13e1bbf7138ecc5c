"""Mail as rows: queued by consumers, sent by a task outside any transaction, never sent twice by accident."""
