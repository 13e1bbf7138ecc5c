"""Factories of tables that the kernel fills."""

from typing import Any

from django.utils import timezone
from factory import Iterator, LazyFunction, Sequence, SubFactory

from lad.audit.models import AuditEntry
from lad.db.identifiers import uuid7
from lad.idempotency.models import IdempotencyKey
from lad.jobs.kinds import Verdict
from lad.jobs.models import Job, JobFailure, JobPart
from lad.llm.models import CallOutcome, ModelAllowance, ModelChoice, ModelConnection, ModelUsage
from lad.llm.purposes import Purpose, purposes
from tests.factories.base import SharedModelFactory, TenantModelFactory, unique
from tests.factories.tenants import MemberFactory, TenantFeatureFactory

# A tenant has one choice for each purpose; LAD's own are too few for lists of rows.
PURPOSES = [purposes.register(Purpose(f"factory.{number}", f"Purpose {number}")).key for number in range(300)]


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


class ModelConnectionFactory(SharedModelFactory[ModelConnection]):
    name = unique("Model %d")
    base_url = "https://models.example.com/v1"
    model = "large-1"
    api_key = "a-key-of-an-endpoint"

    class Meta:
        model = ModelConnection


class ModelChoiceFactory(TenantModelFactory[ModelChoice]):
    purpose = Iterator(PURPOSES)

    class Meta:
        model = ModelChoice


class ModelAllowanceFactory(TenantModelFactory[ModelAllowance]):
    # The platform's.
    connection = SubFactory(ModelConnectionFactory, tenant_id=None)
    minute = LazyFunction(timezone.now)
    day = LazyFunction(lambda: timezone.now().date())
    month = LazyFunction(lambda: timezone.now().date().replace(day=1))

    class Meta:
        model = ModelAllowance


class ModelUsageFactory(TenantModelFactory[ModelUsage]):
    connection_id: Any = LazyFunction(uuid7)
    connection_name = unique("Model %d")
    provider = "openai_compatible"
    model = "large-1"
    purpose = "llm.test"
    outcome = CallOutcome.ANSWERED
    input_tokens = 120
    output_tokens = 40
    seconds: Any = "1.250"

    class Meta:
        model = ModelUsage


class AuditEntryFactory(TenantModelFactory[AuditEntry]):
    """Create an entry by changing a row, because only the trigger writes the audit log."""

    class Meta:
        model = AuditEntry

    @classmethod
    def _create(cls, model_class: Any, *args: Any, **kwargs: Any) -> Any:
        changed = TenantFeatureFactory.create(*args, **kwargs)
        return AuditEntry.objects.get(row_id=changed.pk)
