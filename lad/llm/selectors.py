"""Find the connection that a tenant uses, and sum up what was used."""

from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet, Sum

from lad.errors import NotFound
from lad.llm.models import ModelChoice, ModelConnection, ModelUsage


def connection_for(tenant_id: UUID, purpose: str, connection_id: UUID | None = None) -> ModelConnection | None:
    """Return the named connection, or the one the tenant chose for the purpose; None for the embedded assistant.

    Call it in the tenant's scope. Raises NotFound for a named connection that the tenant does not see.
    """
    if connection_id is not None:
        named: ModelConnection | None = ModelConnection.objects.filter(pk=connection_id).first()
        if named is None:
            raise NotFound
        return named
    choices = ModelChoice.objects.filter(tenant=tenant_id, purpose__in=[purpose, ""])
    # A choice for the purpose goes before the one for every purpose.
    choice = choices.select_related("connection").order_by("-purpose").first()
    chosen: ModelConnection | None = choice.connection if choice else None
    return chosen if chosen is not None and chosen.is_active and chosen.deleted_at is None else None


def usage_by_purpose(*, since: datetime) -> QuerySet:
    """Return tokens and seconds of the current tenant by purpose, in the caller's scope."""
    rows = ModelUsage.objects.filter(Q(created_at__gte=since)).order_by().values("purpose")
    sums = rows.annotate(tokens=Sum("input_tokens") + Sum("output_tokens"), seconds=Sum("seconds"))
    return sums.order_by("purpose")
