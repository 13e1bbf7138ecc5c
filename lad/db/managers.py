"""Managers that refuse to run without a tenant, and soft deletion on querysets."""

from typing import Any, Self

from django.db import models

from lad.db import deletion
from lad.tenancy.context import require_scope


class LadQuerySet(models.QuerySet):
    """A queryset whose ``delete`` is soft where the model says so."""

    def delete(self) -> tuple[int, dict[str, int]]:
        if deletion.is_soft(self.model):
            return deletion.soft_delete(self)
        return super().delete()

    def hard_delete(self) -> tuple[int, dict[str, int]]:
        """Remove the rows for good; the database allows it to the platform alone."""
        return super().delete()

    def alive(self) -> Self:
        return self.filter(deleted_at__isnull=True)

    def deleted(self) -> Self:
        return self.filter(deleted_at__isnull=False)


class LadManager(models.Manager.from_queryset(LadQuerySet)):  # type: ignore[misc]
    """Rows of the current tenant that are not deleted. Raises NoTenant when no tenant is current."""

    show_deleted = False

    def get_queryset(self) -> Any:
        scope = require_scope()
        queryset = super().get_queryset()
        tenant = getattr(self.model, "tenancy", None)
        if tenant is not None:
            queryset = tenant.narrow(queryset, scope)
        if not self.show_deleted and deletion.is_soft(self.model):
            queryset = queryset.filter(deleted_at__isnull=True)
        return queryset


class AllManager(LadManager):
    """The same with soft-deleted rows."""

    show_deleted = True
