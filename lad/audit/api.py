"""The audit log in the API."""

from typing import ClassVar
from uuid import UUID

from django.db.models import Q, QuerySet
from django_filters import UUIDFilter

from lad.api import router
from lad.api.views import ResourceViewSet
from lad.audit.models import AuditEntry
from lad.audit.trigger import possible_buckets


def of_row(queryset: QuerySet[AuditEntry], _name: str, row_id: UUID) -> QuerySet[AuditEntry]:
    """Return the entries of one row, whether it was changed alone or with others."""
    # Two filters: under row-level security only plain comparisons use an index.
    possible = Q(row_id=row_id) | Q(bucket__in=possible_buckets(row_id))
    return queryset.filter(possible).filter(Q(row_id=row_id) | Q(row_ids__contains=[row_id]))


class AuditEntryViewSet(ResourceViewSet):
    """The change that one statement made to one row or to many rows. Filter by `row` to find both kinds.

    `changes` maps columns to [old, new] with secrets masked. An entry of many rows lists their ids in
    `row_ids`; `row_changes` maps the columns that differ between them to [olds, news] in the same order.
    """

    extra_filters: ClassVar = {"row": UUIDFilter(method=of_row, required=True)}


router.register(
    AuditEntry,
    area="audit",
    methods=router.READ,
    # Tenants have no use for database logins and buckets.
    exclude=["login", "bucket"],
    filters=["table_name", "action", "actor_id", "request_id", "source", "created_at"],
    viewset=AuditEntryViewSet,
)
