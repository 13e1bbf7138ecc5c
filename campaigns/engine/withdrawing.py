"""Withdraw invitations that have not been answered for as long as their step says."""

from collections.abc import Iterable
from datetime import datetime
from itertools import groupby
from typing import Any, Final
from uuid import UUID

from django.utils import timezone

from campaigns.messages.models import Action
from campaigns.messages.services import Draft, queue
from lad.tenancy.context import read_across_tenants, tenant_context
from leads.channels import Channel
from leads.contactability.models import Purpose

AT_ONCE: Final = 500
# The newest invitation of the account to the lead says how long it stays. One that was withdrawn once, or is being
# withdrawn, is left alone, whatever became of it.
DUE: Final = """
SELECT contacts.tenant_id, contacts.id, contacts.lead_id, contacts.linkedin_account_id, contacts.invitation_id
FROM network_contacts AS contacts
JOIN tenants ON tenants.id = contacts.tenant_id AND tenants.deleted_at IS NULL
    AND tenants.status NOT IN ('suspended', 'cancelled')
CROSS JOIN LATERAL (
    SELECT (steps.config ->> 'withdraw_after_days')::integer AS days
    FROM messages
    JOIN campaign_steps AS steps ON steps.tenant_id = messages.tenant_id AND steps.id = messages.step_id
    WHERE messages.tenant_id = contacts.tenant_id AND messages.lead_id = contacts.lead_id
        AND messages.linkedin_account_id = contacts.linkedin_account_id
        AND messages.action = 'invitation' AND messages.state = 'sent'
    ORDER BY messages.created_at DESC LIMIT 1
) AS invitation
WHERE contacts.relation = 'invited' AND contacts.linkedin_account_id IS NOT NULL
    AND contacts.invited_at <= %s - make_interval(days => invitation.days)
    AND NOT EXISTS (
        SELECT FROM messages
        WHERE messages.tenant_id = contacts.tenant_id AND messages.lead_id = contacts.lead_id
            AND messages.linkedin_account_id = contacts.linkedin_account_id
            AND messages.action = 'withdrawal' AND messages.state <> 'cancelled'
            AND messages.created_at > contacts.invited_at
    )
ORDER BY contacts.tenant_id, contacts.invited_at
LIMIT %s
"""


def has_work() -> bool:
    """Return whether an invitation is old enough."""
    return bool(_due(timezone.now(), limit=1))


def withdraw_due(*, now: datetime | None = None) -> int:
    """Queue the withdrawal of invitations that are old enough. Return how many."""
    number = 0
    for tenant_id, rows in groupby(_due(now or timezone.now(), limit=AT_ONCE), key=lambda row: row[0]):
        with tenant_context(tenant_id):
            number += len(queue([_draft(row) for row in rows]))
    return number


def _due(now: datetime, *, limit: int) -> Iterable[tuple[Any, ...]]:
    return read_across_tenants(DUE, [now, limit])


def _draft(row: tuple[Any, ...]) -> Draft:
    """Return the withdrawal. It belongs to no campaign, so that one that has ended does not keep it back."""
    _tenant, _contact, lead_id, account_id, invitation_id = row
    lead: UUID = lead_id
    return Draft(
        lead_id=lead,
        channel=Channel.LINKEDIN,
        subject="",
        body="",
        action=Action.WITHDRAWAL,
        purpose=Purpose.SERVICE,
        linkedin_account_id=account_id,
        metadata={"invitation_id": invitation_id} if invitation_id else None,
    )
