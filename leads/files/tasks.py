"""Clean up files of leads."""

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from lad.schedule import regular_task
from lad.tenancy.context import platform_context
from leads.files import services

# Seconds. Listing a tenant's files can take long; doing it twice does no harm.
MAX_CLEAN_UP_TIME = 3600


@regular_task("leads.tend_attachments", every=timedelta(hours=1))
def clean_up_attachments() -> None:
    """Delete expired attachments for good and start the clean-up of the tenants due in this hour."""
    now = timezone.now()
    with platform_context():
        services.purge(now=now)
        due = services.tenants_due(now=now)
    for tenant_id in due:
        remove_orphaned_files.delay(str(tenant_id))


@shared_task(
    name="leads.sweep_attachments",
    acks_late=False,
    time_limit=MAX_CLEAN_UP_TIME,
    soft_time_limit=MAX_CLEAN_UP_TIME - 60,
)
def remove_orphaned_files(tenant_id: str) -> None:
    """Remove the files of a tenant that no attachment refers to."""
    services.remove_orphaned_files(prefix=f"{tenant_id}/", now=timezone.now())
