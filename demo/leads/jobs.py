"""A job over some leads of one tenant."""

from typing import Final

from demo.demo_tenant import DemoTenant
from lad import writes
from lad.jobs.services import start
from lad.outbox.emission import quiet
from lad.tenancy.access import access_in_tenant
from leads.contacts.jobs import ASSIGN
from leads.contacts.models import Lead

TENANT: Final = "kestrel-analytics"
LEADS: Final = 6


def load(demo: DemoTenant) -> None:
    """Start a job that assigns a few leads to the owner. One of them is deleted before a worker runs the job."""
    if demo.slug != TENANT:
        return
    with quiet():
        mistake = demo.write(Lead, {"first_name": "Trial", "last_name": "Entry", "assigned_user": demo.owner})
    kept = Lead.objects.filter(assigned_user=demo.owner).exclude(pk=mistake.pk).order_by("-created_at")
    start(
        kind=ASSIGN,
        rows=Lead.objects.filter(pk__in=[mistake.pk, *kept.values_list("pk", flat=True)[:LEADS]]),
        parameters={"assigned_user": str(demo.owner.pk)},
        access=access_in_tenant(demo.owner.pk, demo.tenant.pk),
    )
    with quiet():
        writes.delete(mistake, actor=demo.owner)
