"""The base models. Which base a table picks decides how it behaves; the rest follows from its fields."""

from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models.base import ModelBase
from django.db.models.functions import Now
from django.utils import timezone

from lad.db.fields import TenantKey
from lad.db.identifiers import uuid7
from lad.db.managers import AllManager, LadManager
from lad.db.rules import complete_meta
from lad.tenancy.context import Scope


@dataclass(frozen=True, slots=True)
class Tenancy:
    """How rows of a model relate to tenants: ``field`` leads to the tenant, ``shared`` rows have none."""

    field: str | None
    shared: bool = False

    def narrow(self, queryset: Any, scope: Scope) -> Any:
        """The rows of the scope's tenant; everything for a platform scope without one."""
        if self.field is None or scope.tenant_id is None:
            return queryset
        own = models.Q(**{self.field: scope.tenant_id})
        return queryset.filter(own | models.Q(**{f"{self.field}__isnull": True}) if self.shared else own)


class LadModelBase(ModelBase):
    """Adds to ``Meta`` what a model's bases and fields imply, before Django reads it."""

    def __new__(mcs, name: str, bases: tuple[type, ...], attrs: dict[str, Any], **kwargs: Any) -> Any:
        if any(getattr(base, "append_only", False) for base in bases):
            # Django takes a field out only where the class itself says so, not on the word of a mixin.
            attrs.setdefault("updated_at", None)
        meta = attrs.get("Meta")
        if meta is not None and not getattr(meta, "abstract", False) and not getattr(meta, "proxy", False):
            attrs["Meta"] = complete_meta(bases, attrs, meta)
        return super().__new__(mcs, name, bases, attrs, **kwargs)


class LadModel(models.Model, metaclass=LadModelBase):
    """What every table has: a time-ordered key and the moment it was made."""

    id: Any = models.UUIDField(primary_key=True, default=uuid7, db_default=RandomUUID(), editable=False)
    created_at = models.DateTimeField(default=timezone.now, db_default=Now(), editable=False)

    tenancy: ClassVar[Tenancy | None] = None
    append_only: ClassVar[bool] = False
    soft_deletable: ClassVar[bool] = False
    audited: ClassVar[bool] = True
    # Where an update is logged only when it changes one of these columns.
    audited_columns: ClassVar[tuple[str, ...]] = ()
    tenant_key: ClassVar[bool] = False
    # What domain events call the model: ``<domain>.<entity>``, for example ``leads.note``.
    event_name: ClassVar[str] = ""
    # Whether plain changes of the rows become domain events.
    announced: ClassVar[bool] = True

    objects: ClassVar[Any] = LadManager()
    all_objects: ClassVar[Any] = AllManager()

    class Meta:
        abstract = True

    @property
    def owning_tenant_id(self) -> UUID | None:
        """Return the tenant the row belongs to, or None for a row of nobody."""
        return getattr(self, "tenant_id", None)


class Updated(models.Model):
    """``updated_at``, kept by the database."""

    updated_at: Any = models.DateTimeField(default=timezone.now, db_default=Now(), editable=False)

    class Meta:
        abstract = True


class GlobalModel(Updated, LadModel):
    """A row that belongs to no tenant. Tenants see of it what ``visible`` says: by default nothing.

    ``visible`` and ``writable`` are SQL predicates of row-level security, ``privileges`` the tenant role's;
    ``audit_tenant`` is the column that names the tenant who may read the row's history, if any.
    """

    tenancy: ClassVar[Tenancy] = Tenancy(field=None)
    visible: ClassVar[str] = ""
    writable: ClassVar[str] = ""
    privileges: ClassVar[tuple[str, ...]] = ()
    audit_tenant: ClassVar[str] = ""

    class Meta:
        abstract = True


class TenantModel(Updated, LadModel):
    """A row that belongs to one tenant and can neither be read nor referenced from another.

    ``tenant_key`` adds the unique ``(tenant, id)`` that keys from other tables point to.
    """

    tenant = TenantKey()

    tenancy: ClassVar[Tenancy] = Tenancy(field="tenant")
    tenant_key: ClassVar[bool] = True

    class Meta:
        abstract = True


class SharedModel(Updated, LadModel):
    """A tenant's row, or, with no tenant, one that every tenant may read and only the platform may write."""

    tenant = TenantKey(null=True, blank=True)

    tenancy: ClassVar[Tenancy] = Tenancy(field="tenant", shared=True)
    tenant_key: ClassVar[bool] = True

    class Meta:
        abstract = True


class NumberedModel(models.Model):
    """Counts its rows instead of giving them UUIDs. List it before the tenancy base."""

    id: Any = models.BigAutoField(primary_key=True, editable=False)

    class Meta:
        abstract = True


class SoftDeletable(models.Model):
    """Deleted by marking: hidden from ``objects``, shown by ``all_objects``, restorable exactly."""

    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)
    deletion_id = models.UUIDField(null=True, blank=True, editable=False)

    soft_deletable: ClassVar[bool] = True

    class Meta:
        abstract = True

    def delete(self, using: Any = None, keep_parents: bool = False) -> tuple[int, dict[str, int]]:
        """Mark the row, and what cascades with it, as deleted."""
        model = type(self)
        return model.all_objects.filter(pk=self.pk, deleted_at__isnull=True).delete()  # type: ignore[attr-defined]


class DeletedFlag(models.Model):
    """``is_deleted`` beside ``deleted_at``, for those who read the table and know only the flag."""

    is_deleted = models.GeneratedField(
        # django-stubs knows conditions as filters only.
        expression=models.Q(deleted_at__isnull=False),  # type: ignore[arg-type]
        output_field=models.BooleanField(),
        db_persist=True,
    )

    class Meta:
        abstract = True


class AppendOnly(models.Model):
    """Written once: the database refuses UPDATE, DELETE and TRUNCATE. List it before the tenancy base."""

    updated_at = None

    append_only: ClassVar[bool] = True
    audited: ClassVar[bool] = False
    tenant_key: ClassVar[bool] = False

    class Meta:
        abstract = True
