"""The outbox: what happened is written with the change itself and acted on afterwards, exactly once.

``emit`` writes an event inside the caller's transaction. ``consumes`` registers what acts on it.
``drain`` runs what is waiting. Every type is in the catalogue of its domain (``<app>/events.py``).
"""

from tenants.outbox.catalogue import EventType, define, event_types
from tenants.outbox.consumers import Batch, Consumer, Event, consumes
from tenants.outbox.drain import drain
from tenants.outbox.emission import NewEvent, emit, emit_many
from tenants.outbox.replay import EventFilter, discard_dead, replay, retry_dead

__all__ = [
    "Batch",
    "Consumer",
    "Event",
    "EventFilter",
    "EventType",
    "NewEvent",
    "consumes",
    "define",
    "discard_dead",
    "drain",
    "emit",
    "emit_many",
    "event_types",
    "replay",
    "retry_dead",
]
