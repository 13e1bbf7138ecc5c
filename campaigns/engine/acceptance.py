"""React to accepted and withdrawn invitations: whoever waits for the connection goes on at once, and once.

Each function runs in the scope of the contacts' tenant, in the transaction that records what happened.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone

import campaigns.engine.reactions  # noqa: F401  (its hooks settle the activities first)
from campaigns.enrolment.models import ActivityStatus, CampaignLead, CampaignLeadActivity
from campaigns.enrolment.reasons import EnrolmentReason
from campaigns.enrolment.services import states
from campaigns.messages.hooks import on_settled
from campaigns.messages.models import Action, Message, MessageState
from campaigns.network_contacts.models import NetworkContact, Relation
from campaigns.network_contacts.services import on_connected

# An answer says more than the acceptance, so it stays.
SHOWS_ACCEPTANCE: Final = (ActivityStatus.SENT, ActivityStatus.OPENED, ActivityStatus.CLICKED)


@on_connected
def go_on(connected: Sequence[NetworkContact]) -> None:
    """Show the acceptance on the invitations, and let those go on who waited for it."""
    pairs = {(row.lead_id, row.linkedin_account_id) for row in connected if row.linkedin_account_id}
    if not pairs:
        return
    _show_accepted(pairs)
    now = max((row.connected_at for row in connected if row.connected_at), default=timezone.now())
    _wake({lead for lead, _account in pairs}, min(now, timezone.now()))


@on_settled
def settle(settled: Sequence[Message]) -> None:
    """Show acceptances that were reported before the sender was, and note withdrawn invitations."""
    sent = [message for message in settled if message.state == MessageState.SENT and message.linkedin_account_id]
    invitations = [message for message in sent if message.action == Action.INVITATION]
    if invitations:
        contacts = NetworkContact.objects.filter(
            lead__in={message.lead_id for message in invitations}, relation=Relation.CONNECTED
        )
        accepted = set(contacts.values_list("lead", "linkedin_account"))
        _show_accepted({(m.lead_id, m.linkedin_account_id) for m in invitations} & accepted)
    for message in sent:
        if message.action == Action.WITHDRAWAL and message.lead_id:
            withdrawn = NetworkContact.objects.filter(
                lead=message.lead_id, linkedin_account=message.linkedin_account_id
            )
            withdrawn.filter(relation=Relation.INVITED).update(relation=Relation.WITHDRAWN)
            _wake({message.lead_id}, message.occurred_at or timezone.now())


def _show_accepted(pairs: Collection[tuple[UUID | None, UUID | None]]) -> None:
    """Give the activities of invitations from these accounts to these leads the status connected."""
    if not pairs:
        return
    rows = Message.objects.filter(
        lead__in={lead for lead, _account in pairs}, action=Action.INVITATION, activity_id__isnull=False
    )
    found = rows.values_list("activity_id", "lead", "linkedin_account")
    ids = [activity for activity, lead, account in found if (lead, account) in pairs]
    accepted = CampaignLeadActivity.objects.filter(pk__in=ids, status__in=SHOWS_ACCEPTANCE)
    accepted.update(status=ActivityStatus.CONNECTED)


def _wake(lead_ids: Collection[UUID], now: datetime) -> None:
    states.wake(_waiting(lead_ids), now=now)


def _waiting(lead_ids: Collection[UUID]) -> QuerySet[CampaignLead]:
    """Return the enrolments that wait for a connection: at a message, or at a condition."""
    wanted = Q(reason=EnrolmentReason.NOT_CONNECTED) | Q(reason=EnrolmentReason.CONDITION)
    return states.open_enrolments().filter(wanted, lead__in=lead_ids)
