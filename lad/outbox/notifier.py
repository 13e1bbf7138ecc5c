"""The notifier of the workers that drain the outbox."""

from typing import Final

from lad.notifier import WorkerNotifier

drain_notifier: Final = WorkerNotifier("tenants.drain_events")
