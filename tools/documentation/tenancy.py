"""Whose the rows of a table are, and who may see and write them."""

from collections.abc import Iterator
from typing import Any

from lad.db.constraints import CURRENT_TENANT, CURRENT_USER, RowSecurity
from lad.tenancy.context import PLATFORM_ROLE, TENANT_ROLE
from tools.documentation.markup import code


def kind(model: Any) -> str:
    """In two or three words what sort of table it is."""
    own = "shared" if model.tenancy.shared else "tenant"
    whose = own if model.tenancy.field else "global"
    if model.append_only:
        return f"{whose}, append-only"
    return f"{whose}, soft delete" if model.soft_deletable else whose


def tenancy(model: Any) -> list[str]:
    """A list of sentences."""
    return [f"- {line}" for line in _lines(model)]


def _lines(model: Any) -> Iterator[str]:
    security = next(each for each in model._meta.constraints if isinstance(each, RowSecurity))
    yield from _whose(model, security)
    yield (
        f"In the database {code(TENANT_ROLE)} may {_verbs(security.privileges)}, "
        f"{code(PLATFORM_ROLE)} {_verbs(security.platform_privileges)}."
    )
    if model.append_only:
        yield "Rows are only ever added: the database refuses to change or remove one, for everybody."
    elif model.soft_deletable:
        yield "Deleting marks the row, and what goes with it, as deleted; restoring brings back exactly that."
    else:
        yield "Deleting removes the row."
    yield _told(model)


def _whose(model: Any, security: RowSecurity) -> Iterator[str]:
    if model.tenancy.field is None:
        yield "Belongs to no tenant."
        if security.visible:
            yield f"A tenant sees rows where {code(_plain(security.visible))}."
        if security.writable:
            yield f"A tenant writes rows where {code(_plain(security.writable))}."
        return
    column = model._meta.get_field(model.tenancy.field).column
    if model.tenancy.shared:
        yield f"A tenant sees its own rows and those whose {code(column)} is null, which are everybody's."
        yield "It writes its own; only the platform writes everybody's."
    else:
        does = "sees and adds" if model.append_only else "sees and writes"
        yield f"A tenant {does} rows of its own {code(column)}, and no other."
    for name, predicate in (("see", security.visible), ("write", security.writable)):
        if predicate and _plain(predicate) not in _ordinary(column):
            yield f"To {name} a row it must hold that {code(_plain(predicate))}."


def _ordinary(column: str) -> tuple[str, str]:
    own = f"{column} = the current tenant"
    return own, f"{own} OR {column} IS NULL"


def _plain(predicate: str) -> str:
    named = predicate.replace(CURRENT_TENANT, "the current tenant").replace(CURRENT_USER, "the current user")
    return " ".join(named.split())


def _verbs(privileges: tuple[str, ...]) -> str:
    return ", ".join(each.lower() for each in privileges) or "do nothing with it"


def _told(model: Any) -> str:
    if not model.audited:
        return "Changes are not in the audit log, and plain ones are no events."
    if getattr(model, "announced", True):
        return "Every change is in the audit log, and plain ones are domain events."
    return "Every change is in the audit log; plain ones are no events."
