"""The outbox: domain events are written with the change itself and acted on afterwards, exactly once."""
