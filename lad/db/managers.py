"""Managers that require a current scope, and querysets that delete softly."""

from typing import Any, Self

from django.db import models

from lad.db import deletion
from lad.tenancy.context import require_scope


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
        scope = require_scope()
        queryset = super().get_queryset()
        tenant = getattr(self.model, "tenancy", None)
        if tenant is not None:
            queryset = tenant.narrow(queryset, scope)
        if not self.show_deleted and deletion.is_soft(self.model):
            queryset = queryset.filter(deleted_at__isnull=True)
        return queryset


class AllManager(LadManager):
    """Rows of the current tenant, including soft-deleted ones. Raises NoTenant outside any scope."""

    show_deleted = True
