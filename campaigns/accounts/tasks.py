"""Celery tasks of sending accounts."""

from datetime import timedelta

from campaigns.accounts import network_sweep
from lad.schedule import regular_task


@regular_task("campaigns.follow_connections", every=timedelta(seconds=20), has_work=network_sweep.has_attempts)
def follow_connections() -> None:
    """Look whether accounts were confirmed whose page nobody has open any more."""
    network_sweep.follow_attempts()


@regular_task("campaigns.judge_accounts", every=timedelta(minutes=10))
def judge_accounts() -> None:
    """Stop accounts on networks that fail too often, or that hardly anybody answers."""
    network_sweep.judge_all()
