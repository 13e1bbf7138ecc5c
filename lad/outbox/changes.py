"""Turns plain writes (``lad.writes``) into events."""

from typing import Any

from lad.outbox.catalogue import change_type_name, is_announced
from lad.outbox.emission import emit
from lad.tenancy.context import current_scope


def tell(verb: str, row: Any, *, changed: list[str], actor: Any) -> None:
    """Emit ``<app>.<entity>.<verb>`` for a row that was written; names of fields only, never values.

    A row without a tenant of its own is told of in the current tenant, and nowhere when there is none.
    """
    model = type(row)
    if not is_announced(model):
        return
    tenant_id = _tenant_id(row)
    if tenant_id is None:
        return
    payload = {"changed": changed} if verb == "updated" else {}
    emit(change_type_name(model, verb), aggregate=row, payload=payload, actor=actor, tenant_id=tenant_id)


def _tenant_id(row: Any) -> Any:
    scope = current_scope()
    return row.owning_tenant_id or (scope.tenant_id if scope else None)
