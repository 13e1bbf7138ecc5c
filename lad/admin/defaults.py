"""The default columns, filters, search fields and form fields of a model, derived from its fields."""

from collections.abc import Callable, Iterator
from typing import Any, Final

from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.utils.html import format_html
from django.utils.safestring import SafeString

from lad.db.fields import SECRET_MASK, LowercaseEmailField, TenantKey, TenantUserKey, is_replaceable, is_secret
from lad.db.models import LadModel
from lad.labels import in_words

# Wider lists do not fit the screen.
MAX_COLUMNS: Final = 7
# Fields that identify a row to people, in order of preference.
TITLE_FIELDS: Final = ("name", "title", "email", "label", "key", "feature_key", "capability_key", "slug", "subject")
# Fields of every row; shown in a section of their own, "Record".
RECORD_FIELDS: Final = ("id", "tenant", "created_at", "updated_at", "deleted_at", "deletion_id")
HIDDEN_FIELDS: Final = frozenset({"deletion_id", "is_deleted"})

# Columns without choices that hold keys of vocabularies; people read them as words.
KEY_FIELDS: Final = frozenset(
    {
        "action_type",
        "capability_key",
        "category",
        "description",
        "feature_key",
        "kind",
        "payment_method",
        "provider",
        "recommended_action",
        "reference_type",
        "source",
        "subject_type",
    }
)

STATUS_COLOURS: Final = {
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


def field_or_none(model: type[LadModel], name: str) -> Any:
    """Return the model's concrete field of that name, or None."""
    try:
        field = model._meta.get_field(name)
    except FieldDoesNotExist:
        return None
    return field if field.concrete else None


def visible_fields(model: type[LadModel]) -> Iterator[Any]:
    """Yield the fields to show, without those of every row."""
    return (f for f in model._meta.concrete_fields if f.name not in RECORD_FIELDS and f.name not in HIDDEN_FIELDS)


def title_field(model: type[LadModel]) -> str | None:
    return next((name for name in TITLE_FIELDS if field_or_none(model, name) is not None), None)


def list_display(model: type[LadModel]) -> list[str]:
    """Return the title field, then keys and choices, other values, switches and dates. No text, JSON or secrets."""
    first = title_field(model) or "__str__"
    kinds: list[list[str]] = [[], [], [], []]
    for field in visible_fields(model):
        if field.name == first or is_secret(field) or isinstance(field, models.JSONField | models.TextField):
            continue
        kinds[_column_rank(field)].append(field.name)
    columns = [first, *[name for kind in kinds for name in kind]][: MAX_COLUMNS - 1]
    return [*columns, "created_at"] if field_or_none(model, "created_at") else columns


def _column_rank(field: models.Field) -> int:
    if field.is_relation or field.choices:
        return 0
    if isinstance(field, models.BooleanField):
        return 2
    return 3 if isinstance(field, models.DateField) else 1


def search_fields(model: type[LadModel]) -> list[str]:
    """Return identifying texts to search for words, and keys for how they begin.

    Ids are always searched, see lists.py.
    """
    found = []
    for field in visible_fields(model):
        if is_secret(field) or field.choices or not isinstance(field, models.CharField):
            continue
        if isinstance(field, models.SlugField) or field.name.endswith(("_key", "_type")):
            found.append(f"{field.name}__startswith")
        elif isinstance(field, LowercaseEmailField) or field.name in TITLE_FIELDS or field.name.endswith("_name"):
            found.append(field.name)
    return found or ["id__exact"]


def filter_fields(model: type[LadModel]) -> list[str]:
    """Return choices and switches, then the creation date."""
    names = [f.name for f in visible_fields(model) if f.choices or isinstance(f, models.BooleanField)]
    return [*names, "created_at"] if field_or_none(model, "created_at") else names


def ordering(model: type[LadModel], *, one_tenant: bool) -> list[str]:
    """Return newest first, by an index: across tenants by the primary key, which is time-ordered."""
    leading = {tuple(index.fields)[:2] for index in model._meta.indexes if index.condition is None}
    tenant = getattr(model, "tenancy", None) and model.tenancy.field
    wanted = (tenant, "-created_at") if tenant else ("-created_at",)
    indexed = any(fields[: len(wanted)] == wanted for fields in leading)
    return ["-created_at"] if indexed and (one_tenant or not tenant) else ["-pk"]


def select_related(model: type[LadModel], columns: list[Any]) -> list[str]:
    """Return the keys among the columns to join, so that the number of queries does not grow with the rows."""
    return [field.name for field in _keys(model, columns) if not _may_be_invisible(field)]


def prefetch_related(model: type[LadModel], columns: list[Any]) -> list[str]:
    """Return the keys to fetch separately: a join would drop rows whose user the caller cannot see."""
    return [field.name for field in _keys(model, columns) if _may_be_invisible(field)]


def _keys(model: type[LadModel], columns: list[Any]) -> Iterator[Any]:
    fields = (field_or_none(model, name) for name in columns if isinstance(name, str))
    return (field for field in fields if field is not None and field.is_relation)


def _may_be_invisible(field: models.Field) -> bool:
    """Return whether a join could drop rows. Optional keys are joined from the left, which keeps every row."""
    return isinstance(field, TenantUserKey) and not field.member and not field.null


def list_column(model: type[LadModel], name: Any) -> Any:
    """Return the column to list: choices as coloured labels, secrets masked, anything else unchanged."""
    field = field_or_none(model, name) if isinstance(name, str) else None
    if field is None:
        return name
    if is_secret(field):
        return secret_column(field)
    if field.choices:
        return choice_column(field)
    return key_column(field) if holds_keys(field) else name


def choice_column(field: models.Field) -> Callable[[Any], Any]:
    titles = dict(field.flatchoices)

    def show(obj: LadModel) -> Any:
        value = getattr(obj, field.name)
        return (value, titles.get(value, value)) if value not in (None, "") else None

    return _describe(show, field, label={value: STATUS_COLOURS.get(str(value), "default") for value in titles})


def holds_keys(field: models.Field) -> bool:
    """Return whether the column holds keys that have no choices."""
    return field.name in KEY_FIELDS and isinstance(field, models.CharField | models.TextField) and not field.choices


def key_column(field: models.Field) -> Callable[[Any], str]:
    """Return a column that shows a key in words."""

    def show(obj: LadModel) -> str:
        return in_words(getattr(obj, field.name) or "")

    return _describe(show, field)


def secret_column(field: models.Field) -> Callable[[Any], str | None]:
    def show(obj: LadModel) -> str | None:
        return SECRET_MASK if getattr(obj, field.name) else None

    return _describe(show, field)


def hex_column(field: models.Field) -> Callable[[Any], SafeString | None]:
    """Return a column that shows bytes, such as a hash, in hexadecimal."""

    def show(obj: LadModel) -> SafeString | None:
        value = getattr(obj, field.name)
        return format_html('<code class="lad-hex">{}</code>', bytes(value).hex()) if value else None

    return _describe(show, field)


def _describe(show: Any, field: models.Field, label: Any = None) -> Any:
    show.__name__ = field.name
    show.short_description = field.verbose_name
    show.admin_order_field = field.name
    if label is not None:
        show.label = label
    return show


def form_fields(model: type[LadModel], *, adding: bool) -> list[str]:
    """Return the editable fields and replaceable secrets; for an existing row also its read-only fields."""
    return [
        f.name
        for f in visible_fields(model)
        if is_replaceable(f) or (not is_secret(f) and (f.editable or (not adding and not isinstance(f, TenantKey))))
    ]


def record_fields(model: type[LadModel]) -> list[str]:
    present = {f.name for f in model._meta.concrete_fields}
    soft = getattr(model, "soft_deletable", False)
    return [
        name
        for name in RECORD_FIELDS
        if name in present and name not in HIDDEN_FIELDS and (soft or name != "deleted_at")
    ]
