"""What Celery runs for the leads domain."""

from celery import shared_task
from django.utils import timezone

from lad.tenancy.context import platform_context
from leads.files import services as attachments

# Listing what a tenant keeps may take long, and does no harm when it is done twice.
LONGEST_SWEEP = 3600


@shared_task(name="leads.tend_attachments")
def tend_attachments() -> None:
    """Remove for good what was deleted long ago, and have the files of some tenants swept."""
    now = timezone.now()
    with platform_context():
        attachments.purge(now=now)
        turn = attachments.whose_turn(now=now)
    for tenant_id in turn:
        sweep_attachments.delay(str(tenant_id))


@shared_task(
    name="leads.sweep_attachments", acks_late=False, time_limit=LONGEST_SWEEP, soft_time_limit=LONGEST_SWEEP - 60
)
def sweep_attachments(tenant_id: str) -> None:
    """Remove the files of a tenant that no attachment knows."""
    attachments.sweep(prefix=f"{tenant_id}/", now=timezone.now())
