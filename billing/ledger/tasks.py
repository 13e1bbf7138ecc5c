"""Celery tasks of the ledger. Each finds its work in the database and takes no arguments."""

from datetime import timedelta

from billing.ledger.services import maintenance
from lad.schedule import regular_task


@regular_task("billing.expire_holds", every=timedelta(seconds=15))
def expire_holds() -> None:
    """Release holds whose time has passed."""
    maintenance.expire_holds()


@regular_task("billing.expire_lots", every=timedelta(minutes=3))
def expire_lots() -> None:
    """Remove credit that has expired."""
    maintenance.expire_lots()
