"""The base models. A table's bases and fields decide its constraints, policies, grants and triggers."""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

from django.contrib.postgres.functions import RandomUUID
from django.core.validators import MaxLengthValidator
from django.db import models
from django.db.models.base import ModelBase
from django.db.models.functions import Now
from django.utils import timezone

from lad import moments
from lad.db.fields import TenantKey
from lad.db.identifiers import uuid7
from lad.db.json_schema import JsonSchemaValidator
from lad.db.managers import AllManager, LadManager
from lad.db.rules import complete_meta
from lad.limits import MAX_TEXT_LENGTH, JsonLimit


@dataclass(frozen=True, slots=True)
class Tenancy:
    """How rows relate to tenants: ``field`` names the key to the tenant; with ``shared`` it may be null."""

    field: str | None
    shared: bool = False

    def conditions(self, tenant_id: UUID | None) -> tuple[models.Q, ...]:
        """Return what the rows that the tenant sees fulfil. Without a tenant, all rows are seen."""
        if self.field is None or tenant_id is None:
            return ()
        own = models.Q(**{self.field: tenant_id})
        return (own | models.Q(**{f"{self.field}__isnull": True}) if self.shared else own,)


class LadModelBase(ModelBase):
    """Adds the constraints that a model's bases and fields imply to its ``Meta``."""

    def __new__(mcs, name: str, bases: tuple[type, ...], attrs: dict[str, Any], **kwargs: Any) -> Any:
        if any(getattr(base, "append_only", False) for base in bases):
            # Django removes an inherited field only if the class itself, not a mixin, sets it to None.
            attrs.setdefault("updated_at", None)
        meta = attrs.get("Meta")
        if meta is not None and not getattr(meta, "abstract", False) and not getattr(meta, "proxy", False):
            attrs["Meta"] = complete_meta(bases, attrs, meta)
        model: Any = super().__new__(mcs, name, bases, attrs, **kwargs)
        if not model._meta.abstract and not model._meta.proxy:
            _limit_sizes(model)
            _limit_times(model)
        return model


def _limit_sizes(model: type[models.Model]) -> None:
    """Give JSON and text columns that people fill a limit, unless the model states its own."""
    for field in model._meta.local_fields:
        if isinstance(field, models.JSONField):
            limit = next((each for each in field.validators if isinstance(each, JsonLimit)), None)
            if limit is None:
                limit = JsonLimit()
                field.validators.append(limit)
            for each in field.validators:
                if isinstance(each, JsonSchemaValidator):
                    each.max_values = limit.max_values
        elif isinstance(field, models.TextField) and field.max_length is None and field.editable:
            field.max_length = MAX_TEXT_LENGTH
            field.validators.append(MaxLengthValidator(MAX_TEXT_LENGTH))


def _limit_times(model: type[models.Model]) -> None:
    """Let people enter only days and times that LAD can calculate with."""
    for field in model._meta.local_fields:
        if isinstance(field, models.DateField) and field.editable:
            field.validators.append(moments.validate)


class LadModel(models.Model, metaclass=LadModelBase):
    """The base of every table: a time-ordered key and the time of creation."""

    id: Any = models.UUIDField(primary_key=True, default=uuid7, db_default=RandomUUID(), editable=False)
    created_at = models.DateTimeField(default=timezone.now, db_default=Now(), editable=False)

    tenancy: ClassVar[Tenancy] = None  # type: ignore[assignment]  # each base with rows sets it
    append_only: ClassVar[bool] = False
    soft_deletable: ClassVar[bool] = False
    audited: ClassVar[bool] = True
    # If set, only updates of these columns are logged.
    audited_columns: ClassVar[tuple[str, ...]] = ()
    # Fields that LAD keeps up to date by itself, such as counters. A row's history and its events do not name them.
    bookkeeping: ClassVar[tuple[str, ...]] = ()
    tenant_key: ClassVar[bool] = False
    # Privilege → the fields for which the tenant's role does not get it: {"SELECT": ("password",)}.
    withheld: ClassVar[dict[str, tuple[str, ...]]] = {}
    # The model's name in domain events: ``<domain>.<entity>``, for example ``leads.note``.
    event_name: ClassVar[str] = ""
    # Whether plain changes of the rows become domain events.
    announced: ClassVar[bool] = True
    # The columns that ``label`` reads, so that labels of many rows need no others. Empty: all columns.
    label_fields: ClassVar[tuple[str, ...]] = ()

    objects: ClassVar[Any] = LadManager()
    all_objects: ClassVar[Any] = AllManager()

    class Meta:
        abstract = True

    @property
    def owning_tenant_id(self) -> UUID | None:
        """Return the tenant the row belongs to, or None."""
        return getattr(self, "tenant_id", None)

    def secret_destinations(self) -> Mapping[str, frozenset[Hashable]]:
        """Return the places to which each secret is sent, such as a host and a port, by the secret's field.

        A change of a place needs the secret again: see ``lad.stored_secrets``.
        """
        return {}

    @property
    def label(self) -> str:
        """Return the name to show for the row in a sentence."""
        return str(self)

    @classmethod
    def labels(cls, keys: Iterable[Any]) -> dict[Any, str]:
        """Return the label of each of the rows, deleted ones included, with one query in the caller's scope."""
        rows = cls.all_objects.filter(pk__in=list(keys))
        if not cls.label_fields:
            return {row.pk: row.label for row in rows}
        labels = {}
        for key, *values in rows.values_list("pk", *cls.label_fields):
            # Django fills in every column of a row it makes, which takes longer than the query.
            row = cls.__new__(cls)
            row.__dict__.update(zip(cls.label_fields, values, strict=True))
            labels[key] = row.label
        return labels


class Updated(models.Model):
    """Adds ``updated_at``, which a trigger sets."""

    updated_at: Any = models.DateTimeField(default=timezone.now, db_default=Now(), editable=False)

    class Meta:
        abstract = True


class GlobalModel(Updated, LadModel):
    """A row that belongs to no tenant. By default tenants cannot read it.

    ``visible`` and ``writable`` are the SQL predicates of row-level security for tenants, ``privileges`` the
    tenant role's grants. ``audit_tenant`` is the column with the tenant that may read the row's history.
    """

    tenancy: ClassVar[Tenancy] = Tenancy(field=None)
    visible: ClassVar[str] = ""
    writable: ClassVar[str] = ""
    privileges: ClassVar[tuple[str, ...]] = ()
    audit_tenant: ClassVar[str] = ""

    class Meta:
        abstract = True


class TenantModel(Updated, LadModel):
    """A row that belongs to one tenant. Other tenants can neither read nor reference it.

    ``tenant_key`` adds the unique ``(tenant, id)`` that keys from other tables point to.
    """

    tenant = TenantKey()

    tenancy: ClassVar[Tenancy] = Tenancy(field="tenant")
    tenant_key: ClassVar[bool] = True

    class Meta:
        abstract = True


class SharedModel(Updated, LadModel):
    """A row of one tenant, or a row without a tenant that all tenants read and only the platform writes."""

    tenant = TenantKey(null=True, blank=True)

    tenancy: ClassVar[Tenancy] = Tenancy(field="tenant", shared=True)
    tenant_key: ClassVar[bool] = True

    class Meta:
        abstract = True


class NumberedModel(models.Model):
    """Has a bigint key instead of a UUID. List it before the tenancy base."""

    id: Any = models.BigAutoField(primary_key=True, editable=False)

    class Meta:
        abstract = True


class SoftDeletable(models.Model):
    """A row that is marked when deleted: ``objects`` hides it, ``all_objects`` shows it, and it can be restored."""

    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)
    deletion_id = models.UUIDField(null=True, blank=True, editable=False)

    soft_deletable: ClassVar[bool] = True

    class Meta:
        abstract = True

    def delete(self, using: str | None = None, keep_parents: bool = False) -> tuple[int, dict[str, int]]:
        """Mark the row, and rows that cascade with it, as deleted."""
        model = type(self)
        return model.all_objects.filter(pk=self.pk, deleted_at__isnull=True).delete()  # type: ignore[attr-defined]


class DeletedFlag(models.Model):
    """Adds ``is_deleted``, a column generated from ``deleted_at``, for readers that need a flag."""

    is_deleted = models.GeneratedField(
        # django-stubs knows conditions as filters only.
        expression=models.Q(deleted_at__isnull=False),  # type: ignore[arg-type]
        output_field=models.BooleanField(),
        db_persist=True,
    )

    class Meta:
        abstract = True


class AppendOnly(models.Model):
    """A row that never changes: the database refuses UPDATE, DELETE and TRUNCATE. List it before the tenancy base."""

    updated_at = None

    append_only: ClassVar[bool] = True
    audited: ClassVar[bool] = False
    tenant_key: ClassVar[bool] = False

    class Meta:
        abstract = True
