"""Derive the constraints and triggers of a table from its model's bases and fields."""

from collections.abc import Iterator
from typing import Any

from django.db import models
from django.db.models import BaseConstraint

from lad.db.constraints import (
    CURRENT_TENANT,
    ColumnsTrigger,
    KeyConstraint,
    ReferencedKey,
    RowSecurity,
    SharedKeyTrigger,
    Trigger,
    delete_rule,
)
from lad.db.fields import (
    DatabaseKey,
    RegisteredKeyField,
    SharedForeignKey,
    Target,
    TenantForeignKey,
    TenantKey,
    TenantUserKey,
    is_secret,
)

ALL = ("SELECT", "INSERT", "UPDATE", "DELETE")
WITHOUT_DELETE = ("SELECT", "INSERT", "UPDATE")
READ_AND_APPEND = ("SELECT", "INSERT")


class Declaration:
    """The class body and bases of a model, before Django builds the class."""

    def __init__(self, bases: tuple[type, ...], attrs: dict[str, Any], meta: type) -> None:
        self.bases = bases
        self.attrs = attrs
        self.table: str = getattr(meta, "db_table", "") or str(attrs["__qualname__"]).lower()
        self.fields = dict(self._fields())

    def _fields(self) -> Iterator[tuple[str, models.Field]]:
        hidden = set()
        for name, value in self.attrs.items():
            hidden.add(name)
            if isinstance(value, models.Field):
                yield name, value
        for base in self.bases:
            for ancestor in base.__mro__:
                hidden |= {name for name, value in vars(ancestor).items() if value is None}
                options = getattr(ancestor, "_meta", None)
                for field in options.local_fields if options is not None else ():
                    if field.name not in hidden:
                        hidden.add(field.name)
                        yield field.name, field

    def option(self, name: str) -> Any:
        """Return a class attribute as Python would find it on the finished class, or None."""
        if name in self.attrs:
            return self.attrs[name]
        return next((getattr(base, name) for base in self.bases if hasattr(base, name)), None)


def complete_meta(bases: tuple[type, ...], attrs: dict[str, Any], meta: type) -> type:
    """Return the model's ``Meta`` with the constraints that its bases and fields imply."""
    declaration = Declaration(bases, attrs, meta)
    constraints = [*getattr(meta, "constraints", ()), *implied_constraints(declaration)]
    return type("Meta", (meta,), {"constraints": constraints})


def implied_constraints(declaration: Declaration) -> Iterator[BaseConstraint]:
    """Yield the constraints that a model's bases and fields imply."""
    yield row_security(declaration)
    yield from _keys(declaration)
    yield from _value_lists(declaration)
    yield from _triggers(declaration)


def row_security(declaration: Declaration) -> RowSecurity:
    """Return the table's policies and grants."""
    tenancy = declaration.option("tenancy")
    visible, writable = declaration.option("visible") or "", declaration.option("writable") or ""
    platform: tuple[str, ...] = ALL
    if tenancy.field is None:
        privileges = declaration.option("privileges")
    else:
        privileges = WITHOUT_DELETE if declaration.option("soft_deletable") else ALL
        own = f"{tenant_column(declaration)} = {CURRENT_TENANT}"
        visible = visible or (f"{own} OR {tenant_column(declaration)} IS NULL" if tenancy.shared else own)
        writable = writable or own
        privileges = declaration.option("privileges") or privileges
    if declaration.option("append_only"):
        privileges, platform = tuple(p for p in privileges if p in READ_AND_APPEND), READ_AND_APPEND
    return RowSecurity(
        name=f"{declaration.table}_row_security",
        visible=visible,
        writable=writable,
        privileges=privileges,
        platform_privileges=declaration.option("platform_privileges") or platform,
        withheld=declaration.option("withheld"),
    )


def tenant_column(declaration: Declaration) -> str:
    """Return the column with the row's tenant."""
    field = declaration.fields[declaration.option("tenancy").field]
    return field.db_column or f"{declaration.option('tenancy').field}_id"


def _keys(declaration: Declaration) -> Iterator[BaseConstraint]:
    tenancy = declaration.option("tenancy")
    if declaration.option("tenant_key"):
        yield ReferencedKey(fields=[tenancy.field, "id"], name=f"{declaration.table}_tenant_id_key")
    for name, field in declaration.fields.items():
        if isinstance(field, TenantKey | TenantUserKey | SharedForeignKey):
            yield _key(declaration, name, field, (name,), ("id",))
        if isinstance(field, TenantForeignKey):
            yield _key(declaration, name, field, (tenancy.field, name), ("tenant", "id"))
        if isinstance(field, TenantUserKey) and field.member:
            yield _key(declaration, name, field, (tenancy.field, name), ("tenant", "user"), to="tenants.Membership")


def _key(
    declaration: Declaration,
    name: str,
    field: DatabaseKey,
    fields: tuple[str, ...],
    to_fields: tuple[str, ...],
    *,
    to: str = "",
) -> KeyConstraint:
    target = to or field.remote_field.model
    return KeyConstraint(
        name=f"{declaration.table}_{name}_{'same_tenant' if len(fields) > 1 else 'fkey'}",
        fields=fields,
        to=_label(target),
        to_fields=to_fields,
        on_delete=delete_rule(field.remote_field.on_delete),
    )


def _value_lists(declaration: Declaration) -> Iterator[models.CheckConstraint]:
    """Yield a CHECK for every field with a closed list of values."""
    for name, field in declaration.fields.items():
        if isinstance(field, RegisteredKeyField):
            continue
        if field.choices and isinstance(field, models.CharField):
            yield models.CheckConstraint(
                condition=models.Q(**{f"{name}__in": _allowed(field)}),
                name=f"{declaration.table}_{name}_valid",
            )


def _allowed(field: models.CharField) -> list[str]:
    """Return the values of the list, and the empty text where a column that is never null may stay empty."""
    empty = [""] if field.blank and not field.null else []
    return [*(value for value, _label in field.flatchoices if value != ""), *empty]


def _triggers(declaration: Declaration) -> Iterator[Trigger]:
    table = declaration.table
    yield from _shared_row_triggers(declaration)
    if declaration.option("append_only"):
        yield Trigger(
            name=f"{table}_append_only", function="lad_refuse_change", when="BEFORE", event="UPDATE OR DELETE"
        )
        yield Trigger(
            name=f"{table}_no_truncate",
            function="lad_refuse_change",
            when="BEFORE",
            event="TRUNCATE",
            level="STATEMENT",
        )
    elif "updated_at" in declaration.fields:
        yield Trigger(name=f"{table}_touch_updated_at", function="lad_touch_updated_at", when="BEFORE", event="UPDATE")
    if declaration.option("audited"):
        yield from audit_triggers(declaration)


def _shared_row_triggers(declaration: Declaration) -> Iterator[Trigger]:
    """Yield triggers that keep the tenant of a shared row, and that check keys to shared rows."""
    tenancy, table = declaration.option("tenancy"), declaration.table
    if tenancy.shared:
        column = tenant_column(declaration)
        yield Trigger(
            name=f"{table}_keep_tenant",
            function="lad_keep_tenant",
            when="BEFORE",
            event=f"UPDATE OF {column}",
            parameters=(column,),
        )
    for name, field in declaration.fields.items():
        if isinstance(field, SharedForeignKey):
            key, own = field.db_column or f"{name}_id", tenant_column(declaration)
            yield SharedKeyTrigger(
                name=f"{table}_{name}_shared_or_own",
                function="lad_refuse_foreign_shared",
                when="BEFORE",
                event=f"INSERT OR UPDATE OF {key}, {own}",
                to=_label(field.remote_field.model),
                parameters=(key, own),
            )


def _label(target: Target) -> str:
    return str(target if isinstance(target, str) else target._meta.label)


def audit_triggers(declaration: Declaration) -> Iterator[Trigger]:
    """Yield one statement trigger per kind of write. Its arguments are the tenant's column and the secret columns."""
    secrets = tuple(sorted(f.db_column or name for name, f in declaration.fields.items() if is_secret(f)))
    tenancy = declaration.option("tenancy")
    column = tenant_column(declaration) if tenancy.field else declaration.option("audit_tenant")
    transitions = {"INSERT": "NEW TABLE AS new_rows", "DELETE": "OLD TABLE AS old_rows"}
    columns = declaration.option("audited_columns")
    if columns:
        yield ColumnsTrigger(
            name=f"{declaration.table}_audit_update",
            function="lad_audit_row",
            when="AFTER",
            event="UPDATE",
            columns=tuple(columns),
            parameters=(column, *secrets),
        )
    for event in ("INSERT", "DELETE") if columns else ("INSERT", "UPDATE", "DELETE"):
        yield Trigger(
            name=f"{declaration.table}_audit_{event.lower()}",
            function="lad_audit",
            when="AFTER",
            event=event,
            level="STATEMENT",
            transition=transitions.get(event, "OLD TABLE AS old_rows NEW TABLE AS new_rows"),
            parameters=(column, *secrets),
        )
