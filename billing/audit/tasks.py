"""Celery task of the nightly audit."""

from datetime import time

from billing.audit.services import audit_ledger
from lad.schedule import regular_task

MAX_AUDIT_SECONDS = 6 * 3600


# Acknowledged early, so that a long audit is not delivered a second time.
@regular_task(
    "billing.prove_ledger",
    daily_at=time(3, 10),
    acks_late=False,
    time_limit=MAX_AUDIT_SECONDS,
    soft_time_limit=MAX_AUDIT_SECONDS,
)
def prove_ledger() -> None:
    """Audit the whole ledger."""
    audit_ledger()
