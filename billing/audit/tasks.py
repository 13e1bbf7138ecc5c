"""What Celery runs for the billing domain. Every task looks for work in the database; none carries any."""

from celery import shared_task

from billing.audit.services import prove

# Reading a ledger of many millions of movements takes minutes.
LONGEST_AUDIT = 6 * 3600


# An audit is not begun again while it runs, however long it takes.
@shared_task(name="billing.prove_ledger", acks_late=False, time_limit=LONGEST_AUDIT, soft_time_limit=LONGEST_AUDIT)
def prove_ledger() -> None:
    """Hold every promise of the ledger against all its rows."""
    prove()
