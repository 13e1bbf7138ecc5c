"""Celery task of the nightly audit."""

from celery import shared_task

from billing.audit.services import audit_ledger

MAX_AUDIT_SECONDS = 6 * 3600


# Acknowledged early, so that a long audit is not delivered a second time.
@shared_task(
    name="billing.prove_ledger", acks_late=False, time_limit=MAX_AUDIT_SECONDS, soft_time_limit=MAX_AUDIT_SECONDS
)
def prove_ledger() -> None:
    """Audit the whole ledger."""
    audit_ledger()
