"""What Celery runs for the billing domain. Every task looks for work in the database; none carries any."""

from celery import shared_task

from billing.ledger.services import maintenance as sweeps


@shared_task(name="billing.expire_holds")
def expire_holds() -> None:
    """Give back what holds set aside past their time."""
    sweeps.expire_holds()


@shared_task(name="billing.expire_lots")
def expire_lots() -> None:
    """Take out what is left of credit that has expired."""
    sweeps.expire_lots()
