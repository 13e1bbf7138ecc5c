"""Factories of tables that the kernel fills."""

from typing import Any

from factory import LazyFunction, SubFactory

from lad.audit.models import AuditEntry
from lad.db.identifiers import uuid7
from lad.idempotency.models import IdempotencyKey
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


class AuditEntryFactory(TenantModelFactory[AuditEntry]):
    """Create an entry by changing a row, because only the trigger writes the audit log."""

    class Meta:
        model = AuditEntry

    @classmethod
    def _create(cls, model_class: Any, *args: Any, **kwargs: Any) -> Any:
        changed = TenantFeatureFactory.create(*args, **kwargs)
        return AuditEntry.objects.get(row_id=changed.pk)
