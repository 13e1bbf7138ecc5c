"""The outbox: domain events are written in the transaction of the change; consumers run later, exactly once."""
