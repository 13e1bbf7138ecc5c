"""Describe which tenant a row belongs to and who may read and write it."""

from collections.abc import Iterator
from typing import Any

from lad.db.constraints import CURRENT_TENANT, CURRENT_USER, RowSecurity
from lad.db.models import LadModel
from lad.tenancy.context import PLATFORM_ROLE, TENANT_ROLE
from tools.documentation.markup import code


def kind(model: type[LadModel]) -> str:
    """Return the kind of table in two or three words."""
    own = "shared" if model.tenancy.shared else "tenant"
    whose = own if model.tenancy.field else "global"
    if model.append_only:
        return f"{whose}, append-only"
    return f"{whose}, soft delete" if model.soft_deletable else whose


def tenancy(model: type[LadModel]) -> list[str]:
    """Return the sentences on tenancy as a list."""
    return [f"- {line}" for line in _lines(model)]


def _lines(model: type[LadModel]) -> Iterator[str]:
    security = next(each for each in model._meta.constraints if isinstance(each, RowSecurity))
    yield from _row_visibility(model, security)
    yield (
        f"In the database {code(TENANT_ROLE)} may {_verbs(security.privileges)}, "
        f"{code(PLATFORM_ROLE)} {_verbs(security.platform_privileges)}."
    )
    if model.append_only:
        yield "The database rejects updates and deletions for every role."
    elif model.soft_deletable:
        yield "Deleting marks the row and its dependent rows as deleted. Restoring restores exactly those."
    else:
        yield "Deleting removes the row."
    yield _audit_and_events(model)


def _row_visibility(model: type[LadModel], security: RowSecurity) -> Iterator[str]:
    if model.tenancy.field is None:
        yield "Belongs to no tenant."
        if security.visible:
            yield f"A tenant reads rows where {code(_plain(security.visible))}."
        if security.writable:
            yield f"A tenant writes rows where {code(_plain(security.writable))}."
        return
    field: Any = model._meta.get_field(model.tenancy.field)
    column: str = field.column
    if model.tenancy.shared:
        yield f"A tenant reads its own rows and shared ones, whose {code(column)} is null."
        yield "It writes its own rows. Only the platform writes shared ones."
    else:
        does = "reads and adds" if model.append_only else "reads and writes"
        yield f"A tenant {does} only rows with its own {code(column)}."
    for name, predicate in (("Read", security.visible), ("Write", security.writable)):
        if predicate and _plain(predicate) not in _ordinary(column):
            yield f"{name} access requires {code(_plain(predicate))}."


def _ordinary(column: str) -> tuple[str, str]:
    own = f"{column} = the current tenant"
    return own, f"{own} OR {column} IS NULL"


def _plain(predicate: str) -> str:
    named = predicate.replace(CURRENT_TENANT, "the current tenant").replace(CURRENT_USER, "the current user")
    return " ".join(named.split())


def _verbs(privileges: tuple[str, ...]) -> str:
    return ", ".join(each.lower() for each in privileges) or "do nothing"


def _audit_and_events(model: type[LadModel]) -> str:
    if not model.audited:
        return "Changes are not recorded in the audit log and plain changes emit no events."
    if getattr(model, "announced", True):
        return "Every change is recorded in the audit log, and plain changes emit domain events."
    return "Every change is recorded in the audit log. Plain changes emit no events."
