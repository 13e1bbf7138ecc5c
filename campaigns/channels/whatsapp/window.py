"""The 24 hours in which WhatsApp takes free text: they begin when the person last wrote."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from campaigns.accounts.models import ChannelAccount
from campaigns.network_contacts.models import NetworkContact

WINDOW: Final = timedelta(hours=24)
# A message on its way when the window closes would be refused.
MARGIN: Final = timedelta(minutes=1)


def window_open_until(contact: NetworkContact | None) -> datetime | None:
    """Return until when WhatsApp takes free text to the person, past or future. None if they never wrote."""
    if contact is None or contact.last_inbound_at is None:
        return None
    return contact.last_inbound_at + WINDOW


def is_open(contact: NetworkContact | None, *, now: datetime) -> bool:
    """Return whether WhatsApp takes free text to the person now."""
    until = window_open_until(contact)
    return until is not None and now < until - MARGIN


def contact_of(account: ChannelAccount, lead_id: UUID | None) -> NetworkContact | None:
    """Return what is known of a lead from the account, in its tenant's scope."""
    if lead_id is None:
        return None
    found: NetworkContact | None = NetworkContact.objects.filter(channel_account=account.pk, lead=lead_id).first()
    return found
