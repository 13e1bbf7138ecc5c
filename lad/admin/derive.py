"""What a list and a form show when nobody says otherwise, read from the model's fields."""

from collections.abc import Callable, Iterator
from typing import Any, Final

from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.utils.html import format_html
from django.utils.safestring import SafeString

from lad.db.fields import SECRET_MASK, LowercaseEmailField, TenantKey, TenantUserKey, is_replaceable, is_secret

# A list wider than this is not read.
MAX_COLUMNS: Final = 7
# Fields that name a row, the best first.
NAMES: Final = ("name", "title", "email", "label", "key", "feature_key", "capability_key", "slug", "subject")
# What every row carries; shown apart, under "Record".
RECORD: Final = ("id", "tenant", "created_at", "updated_at", "deleted_at", "deletion_id")
HIDDEN: Final = frozenset({"deletion_id", "is_deleted"})

COLOURS: Final = {
    "active": "success",
    "accepted": "success",
    "sent": "success",
    "completed": "success",
    "charged": "success",
    "paid": "success",
    "running": "success",
    "delivered": "success",
    "opened": "success",
    "clicked": "success",
    "connected": "success",
    "replied": "success",
    "owner": "primary",
    "admin": "info",
    "trial": "info",
    "pending": "info",
    "sending": "info",
    "queued": "info",
    "ready": "info",
    "waiting": "warning",
    "expired": "warning",
    "paused": "warning",
    "checkpoint": "warning",
    "disconnected": "warning",
    "unknown": "warning",
    "revoked": "default",
    "cancelled": "default",
    "suspended": "danger",
    "overdue": "danger",
    "dead": "danger",
    "error": "danger",
    "failed": "danger",
}


def field_or_none(model: Any, name: str) -> Any:
    """The model's concrete field of that name, if there is one."""
    try:
        field = model._meta.get_field(name)
    except FieldDoesNotExist:
        return None
    return field if field.concrete else None


def own_fields(model: Any) -> Iterator[Any]:
    """The fields a person may look at, without those every row carries."""
    return (f for f in model._meta.concrete_fields if f.name not in RECORD and f.name not in HIDDEN)


def naming_field(model: Any) -> str | None:
    return next((name for name in NAMES if field_or_none(model, name) is not None), None)


def list_display(model: Any) -> list[str]:
    """The naming field or key first, then keys and choices, switches, dates; no long text, JSON or secret."""
    first = naming_field(model) or "__str__"
    kinds: list[list[str]] = [[], [], [], []]
    for field in own_fields(model):
        if field.name == first or is_secret(field) or isinstance(field, models.JSONField | models.TextField):
            continue
        kinds[_kind(field)].append(field.name)
    columns = [first, *[name for kind in kinds for name in kind]][: MAX_COLUMNS - 1]
    return [*columns, "created_at"] if field_or_none(model, "created_at") else columns


def _kind(field: Any) -> int:
    if field.is_relation or field.choices:
        return 0
    if isinstance(field, models.BooleanField):
        return 2
    return 3 if isinstance(field, models.DateField) else 1


def search_fields(model: Any) -> list[str]:
    """What an index can find: the beginning of naming texts. Ids are always searched, see base.py."""
    found = []
    for field in own_fields(model):
        if is_secret(field) or field.choices or not isinstance(field, models.CharField):
            continue
        if isinstance(field, LowercaseEmailField | models.SlugField) or field.name.endswith(("_key", "_type")):
            found.append(f"{field.name}__startswith")
        elif field.name in NAMES or field.name.endswith("_name"):
            found.append(f"{field.name}__istartswith")
    return found or ["id__exact"]


def filter_fields(model: Any) -> list[str]:
    """Choices and switches, then the day a row was made."""
    names = [f.name for f in own_fields(model) if f.choices or isinstance(f, models.BooleanField)]
    return [*names, "created_at"] if field_or_none(model, "created_at") else names


def newest_first(model: Any, *, one_tenant: bool) -> list[str]:
    """The ordering an index serves: keys are time-ordered, so the primary key will do across tenants."""
    leading = {tuple(index.fields)[:2] for index in model._meta.indexes if index.condition is None}
    tenant = getattr(model, "tenancy", None) and model.tenancy.field
    wanted = (tenant, "-created_at") if tenant else ("-created_at",)
    indexed = any(fields[: len(wanted)] == wanted for fields in leading)
    return ["-created_at"] if indexed and (one_tenant or not tenant) else ["-pk"]


def select_related(model: Any, columns: list[Any]) -> list[str]:
    """The keys among the columns to join, so that a list costs the same for three rows and for thirty."""
    return [field.name for field in _keys(model, columns) if not _may_be_out_of_sight(field)]


def prefetch_related(model: Any, columns: list[Any]) -> list[str]:
    """The keys to look up apart: a join would drop the row with the person who is out of the caller's sight."""
    return [field.name for field in _keys(model, columns) if _may_be_out_of_sight(field)]


def _keys(model: Any, columns: list[Any]) -> Iterator[Any]:
    fields = (field_or_none(model, name) for name in columns if isinstance(name, str))
    return (field for field in fields if field is not None and field.is_relation)


def _may_be_out_of_sight(field: Any) -> bool:
    return isinstance(field, TenantUserKey) and not field.member


def column(model: Any, name: Any) -> Any:
    """A list column: choices become coloured labels, secrets a mask, everything else is as it was."""
    field = field_or_none(model, name) if isinstance(name, str) else None
    if field is None:
        return name
    if is_secret(field):
        return masked(field)
    return labelled(field) if field.choices else name


def labelled(field: Any) -> Callable[[Any], Any]:
    titles = dict(field.flatchoices)

    def show(obj: Any) -> Any:
        value = getattr(obj, field.name)
        return (value, titles.get(value, value)) if value not in (None, "") else None

    return _describe(show, field, label={value: COLOURS.get(str(value), "default") for value in titles})


def masked(field: Any) -> Callable[[Any], str | None]:
    def show(obj: Any) -> str | None:
        return SECRET_MASK if getattr(obj, field.name) else None

    return _describe(show, field)


def hexadecimal(field: Any) -> Callable[[Any], SafeString | None]:
    """Bytes, such as a hash, for reading and comparing."""

    def show(obj: Any) -> SafeString | None:
        value = getattr(obj, field.name)
        return format_html('<code class="lad-hex">{}</code>', bytes(value).hex()) if value else None

    return _describe(show, field)


def _describe(show: Any, field: Any, label: Any = None) -> Any:
    show.__name__ = field.name
    show.short_description = field.verbose_name
    show.admin_order_field = field.name
    if label is not None:
        show.label = label
    return show


def form_fields(model: Any, *, adding: bool) -> list[str]:
    """What a form shows: everything editable, secrets to be replaced, and when changing what else the row tells."""
    return [
        f.name
        for f in own_fields(model)
        if is_replaceable(f) or (not is_secret(f) and (f.editable or (not adding and not isinstance(f, TenantKey))))
    ]


def record_fields(model: Any) -> list[str]:
    present = {f.name for f in model._meta.concrete_fields}
    soft = getattr(model, "soft_deletable", False)
    return [name for name in RECORD if name in present and name not in HIDDEN and (soft or name != "deleted_at")]
