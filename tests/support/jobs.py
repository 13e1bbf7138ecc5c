"""Many leads in one statement, and jobs over them."""

from typing import Any
from uuid import UUID

from django.db import connection

from lad.jobs import worker
from lad.jobs.kinds import JobKind
from lad.jobs.models import Job
from lad.jobs.services import start
from lad.tenancy.access import access_in_tenant
from lad.tenancy.context import platform_context, tenant_context
from leads.contacts.models import Lead

# Far in the past, so that their keys do not depend on the moment of the test.
INSERT_LEADS = """
INSERT INTO leads (tenant_id, first_name, last_name, email, stage, source, last_activity_at)
SELECT %s, 'Lead', to_char(number, 'FM000000'), 'lead' || number || '@many.example', %s, %s, now()
FROM generate_series(1, %s) AS number
"""


def make_leads(tenant_id: UUID, number: int, *, stage: str = "new", source: str = "list") -> None:
    """Insert that many leads of the tenant, without events."""
    with platform_context(tenant_id=tenant_id), connection.cursor() as cursor:
        cursor.execute(INSERT_LEADS, [tenant_id, stage, source, number])


def start_job(kind: JobKind, tenant_id: UUID, user_id: UUID, **parameters: Any) -> Job:
    """Start a job on all leads of the tenant, as the user would."""
    with tenant_context(tenant_id, user_id=user_id):
        access = access_in_tenant(user_id, tenant_id)
        return start(kind=kind, rows=Lead.objects.all(), parameters=parameters, access=access)


def run_jobs() -> None:
    """Run due jobs until none is left, however slow the machine is."""
    while not worker.run_due():
        pass


def change_job(job: Job, **values: Any) -> None:
    """Change a job behind the workers' back."""
    with platform_context():
        Job.objects.filter(pk=job.pk).update(**values)
