"""Factories of tables that the kernel fills."""

from typing import Any

from django.utils import timezone
from factory import LazyFunction, Sequence, SubFactory

from lad.audit.models import AuditEntry
from lad.db.identifiers import uuid7
from lad.idempotency.models import IdempotencyKey
from lad.jobs.kinds import Verdict
from lad.jobs.models import Job, JobFailure, JobPart
from tests.factories.base import TenantModelFactory, unique
from tests.factories.tenants import MemberFactory, TenantFeatureFactory


class IdempotencyKeyFactory(TenantModelFactory[IdempotencyKey]):
    user = SubFactory(MemberFactory)
    key = unique("key-%d")
    method = "POST"
    path = "/api/v1/tenant-features/"
    body_hash: Any = LazyFunction(lambda: uuid7().hex)
    response_status = 201
    response_body = b"{}"

    class Meta:
        model = IdempotencyKey


class JobFactory(TenantModelFactory[Job]):
    kind = "leads.archive"
    title = unique("Archive %d leads")
    created_by_user = SubFactory(MemberFactory)
    total = 1
    next_attempt_at = LazyFunction(timezone.now)

    class Meta:
        model = Job


class JobPartFactory(TenantModelFactory[JobPart]):
    job = SubFactory(JobFactory)
    number = Sequence(int)
    row_ids = LazyFunction(lambda: [str(uuid7())])

    class Meta:
        model = JobPart


class JobFailureFactory(TenantModelFactory[JobFailure]):
    job = SubFactory(JobFactory)
    row_id = LazyFunction(lambda: str(uuid7()))
    label = unique("Lead %d")
    verdict = Verdict.FAILED
    reason = "It was changed at the same time."

    class Meta:
        model = JobFailure


class AuditEntryFactory(TenantModelFactory[AuditEntry]):
    """Create an entry by changing a row, because only the trigger writes the audit log."""

    class Meta:
        model = AuditEntry

    @classmethod
    def _create(cls, model_class: Any, *args: Any, **kwargs: Any) -> Any:
        changed = TenantFeatureFactory.create(*args, **kwargs)
        return AuditEntry.objects.get(row_id=changed.pk)
