"""Turn plain writes (``lad.writes``) into events."""

from django.db import models

from lad.db.models import LadModel
from lad.outbox.catalogue import change_type_name, is_announced
from lad.outbox.emission import emit
from lad.tenancy.context import current_scope
from lad.types import Actor


def emit_change(verb: str, row: models.Model, *, changed: list[str], actor: Actor) -> None:
    """Emit ``<app>.<entity>.<verb>`` for a row that was written. The payload names fields, never values.

    Use the current tenant for rows without one; emit nothing outside a tenant.
    """
    if not isinstance(row, LadModel) or not is_announced(type(row)):
        return
    scope = current_scope()
    tenant_id = row.owning_tenant_id or (scope.tenant_id if scope else None)
    if tenant_id is None:
        return
    payload = {"changed": changed} if verb == "updated" else {}
    emit(change_type_name(type(row), verb), aggregate=row, payload=payload, actor=actor, tenant_id=tenant_id)
