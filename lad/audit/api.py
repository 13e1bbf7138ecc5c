"""The audit log in the API."""

from typing import Any, ClassVar
from uuid import UUID

from django.db.models import Q
from django_filters import UUIDFilter

from lad.api import router
from lad.api.views import ResourceViewSet
from lad.audit.models import AuditEntry
from lad.audit.trigger import possible_buckets


def of_row(queryset: Any, _name: str, row_id: UUID) -> Any:
    """Entries that tell of one row, whether it was changed alone or among many."""
    # Apart, because under row-level security only plain comparisons reach an index.
    possible = Q(row_id=row_id) | Q(bucket__in=possible_buckets(row_id))
    return queryset.filter(possible).filter(Q(row_id=row_id) | Q(row_ids__contains=[row_id]))


class AuditEntryViewSet(ResourceViewSet):
    """What one statement changed in one row, or in many rows at once; `row` finds both. Secrets are masked.

    `changes` maps columns to [old, new]. An entry of many rows lists their ids in `row_ids`, and what
    differs between them in `row_changes`: columns to [olds, news], in the order of `row_ids`.
    """

    extra_filters: ClassVar = {"row": UUIDFilter(method=of_row)}


router.register(
    AuditEntry,
    area="audit",
    methods=router.READ,
    # The database login is the platform's affair.
    exclude=["login", "bucket"],
    filters=["table_name", "action", "actor_id", "request_id", "source", "created_at"],
    viewset=AuditEntryViewSet,
)
