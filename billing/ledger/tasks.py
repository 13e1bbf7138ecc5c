"""Celery tasks of the ledger. Each finds its work in the database and takes no arguments."""

from celery import shared_task

from billing.ledger.services import maintenance


@shared_task(name="billing.expire_holds")
def expire_holds() -> None:
    """Release holds whose time has passed."""
    maintenance.expire_holds()


@shared_task(name="billing.expire_lots")
def expire_lots() -> None:
    """Remove credit that has expired."""
    maintenance.expire_lots()
