"""Managers that require a current scope, and querysets that delete softly."""

from functools import lru_cache
from typing import Any, Final, Self
from uuid import UUID

from django.db import models
from django.db.models.sql import Query

from lad.db import deletion
from lad.tenancy.context import require_scope

# One for each tenant and model in use.
MAX_QUERIES_KEPT: Final = 4096


class LadQuerySet(models.QuerySet):
    """A queryset whose ``delete`` is soft if the model is soft-deletable."""

    def delete(self) -> tuple[int, dict[str, int]]:
        """Delete the rows, softly if the model is soft-deletable."""
        if deletion.is_soft(self.model):
            return deletion.soft_delete(self)
        return super().delete()

    def hard_delete(self) -> tuple[int, dict[str, int]]:
        """Remove the rows for good. Only the platform role may do so on soft-deletable tables."""
        return super().delete()

    def alive(self) -> Self:
        """Return the rows that are not deleted."""
        return self.filter(deleted_at__isnull=True)

    def deleted(self) -> Self:
        """Return the soft-deleted rows."""
        return self.filter(deleted_at__isnull=False)


class LadManager(models.Manager.from_queryset(LadQuerySet)):  # type: ignore[misc]
    """Rows of the current tenant that are not deleted. Raises NoTenant outside any scope."""

    show_deleted = False

    def get_queryset(self) -> Any:
        """Return the rows of the current tenant. A page asks thirty times, so the conditions are kept."""
        query = _query(self.model, require_scope().tenant_id, self.show_deleted)
        return self._queryset_class(model=self.model, query=query.chain(), using=self._db, hints=self._hints)


@lru_cache(maxsize=MAX_QUERIES_KEPT)
def _query(model: type[models.Model], tenant_id: UUID | None, show_deleted: bool) -> Query:
    """Return a query for the rows of the tenant, or of all tenants if it is None. Copy it before changing it."""
    tenancy = getattr(model, "tenancy", None)
    conditions = [*tenancy.conditions(tenant_id)] if tenancy is not None else []
    if not show_deleted and deletion.is_soft(model):
        conditions.append(models.Q(deleted_at__isnull=True))
    query = Query(model)
    for condition in conditions:
        query.add_q(condition)
    return query


class AllManager(LadManager):
    """Rows of the current tenant, including soft-deleted ones. Raises NoTenant outside any scope."""

    show_deleted = True
