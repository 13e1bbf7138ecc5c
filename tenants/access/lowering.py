"""End the single rights and the invitations of members who get fewer rights."""

from collections.abc import Collection
from uuid import UUID

from django.utils import timezone

from lad.outbox.emission import emit
from lad.types import Actor
from tenants.access.authority import is_backed
from tenants.access.models import UserCapability
from tenants.teams.models import TenantInvitation


def follow(*, tenant_id: UUID, user_ids: Collection[UUID], remaining: frozenset[str], actor: Actor) -> None:
    """End the single rights of these members that their role no longer has, and the invitations they cannot back.

    ``remaining`` are the rights of their role now. Whoever may can grant a right again. Emits
    ``tenants.invitation.revoked``.
    """
    UserCapability.objects.filter(tenant=tenant_id, user__in=user_ids, enabled=True).exclude(
        capability_key__in=remaining
    ).delete()
    withdraw_invitations(tenant_id=tenant_id, user_ids=user_ids, actor=actor)


def withdraw_invitations(*, tenant_id: UUID, user_ids: Collection[UUID], actor: Actor) -> None:
    """Revoke the pending invitations of these users that they may no longer give."""
    pending = TenantInvitation.objects.filter(
        tenant=tenant_id, invited_by__in=user_ids, accepted_at__isnull=True, revoked_at__isnull=True
    )
    for row in pending.select_for_update(of=("self",)).select_related("invited_by", "tenant_role"):
        if not is_backed(row):
            row.revoked_at = timezone.now()
            row.save(update_fields=["revoked_at"])
            row.refresh_from_db(fields=["updated_at"])
            payload = {"email": row.email, "role": row.role}
            emit("tenants.invitation.revoked", aggregate=row, payload=payload, actor=actor)
