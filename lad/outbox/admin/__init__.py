"""Events, their deliveries and the outbox page."""

from lad.outbox.admin import events, overview

__all__ = ["events", "overview"]
