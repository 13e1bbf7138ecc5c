"""What the receivers of reports about messages share: their addresses, their account, and messages that were lost."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from campaigns.accounts.models import ChannelAccount, NetworkAccount
from campaigns.accounts.providers import TWILIO, WHATSAPP_CLOUD
from campaigns.gateways.endpoints import endpoints
from campaigns.messages.models import MessageEvent, MessageEventKind, MessageState
from lad.callback_addresses import CallbackAddresses, CallbackAddressUnknown
from lad.db.queries import rows
from lad.db.recordsets import as_json
from lad.errors import Conflict, Invalid
from lad.tenancy.context import platform_context
from leads.contactability.models import SuppressionReason
from leads.contactability.services import NewSuppression, suppress_many

ADDRESSES: Final[Mapping[str, CallbackAddresses]] = {
    WHATSAPP_CLOUD: CallbackAddresses("/api/v1/provider-reports/whatsapp/", b"campaigns.provider-reports.whatsapp:"),
    TWILIO: CallbackAddresses("/api/v1/provider-reports/twilio/", b"campaigns.provider-reports.twilio:"),
}
# A message that is looked for is looked at again at once, and found by its id at the provider.
ADOPT: Final = """
UPDATE messages SET provider_id = given.provider_id,
    next_attempt_at = CASE WHEN messages.state = %s THEN statement_timestamp() ELSE messages.next_attempt_at END
FROM json_to_recordset(%s) AS given (id uuid, provider_id text)
WHERE messages.tenant_id = %s AND messages.channel_account_id = %s AND messages.id = given.id
    AND messages.direction = 'outbound' AND messages.provider_id = '' AND messages.state = ANY(%s)
    AND NOT EXISTS (
        SELECT FROM messages AS same
        WHERE same.tenant_id = %s AND same.provider_id = given.provider_id AND same.channel_account_id = %s
    )
RETURNING messages.id
"""
HARD: Final = "hard"
UNSETTLED: Final = (MessageState.QUEUED, MessageState.SENDING, MessageState.UNKNOWN)


class CannotReport(Conflict):
    """The provider cannot report to LAD. The detail says what to change."""

    code = "cannot_report"


def report_address(account: ChannelAccount) -> str:
    """Return where the account's provider reports, or an empty string if LAD cannot be reached over https."""
    return ADDRESSES[account.provider].url_of(account.pk, is_sandbox=endpoints.is_sandbox(account.base_url))


def account_of(provider: str, token: str) -> ChannelAccount:
    """Return the account that reports to an address are about. Raises CallbackAddressUnknown."""
    account_id = ADDRESSES[provider].read_token(token)
    with platform_context():
        # People answer to a deleted account too, and may want no more messages.
        account: ChannelAccount | None = ChannelAccount.all_objects.filter(pk=account_id, provider=provider).first()
    if account is None:
        raise CallbackAddressUnknown
    return account


def adopt(account: NetworkAccount, provider_ids: Mapping[UUID, str]) -> set[UUID]:
    """Give messages whose answer was lost the ids that their reports bring. Return those that had none.

    Only messages of the account are found. Runs in the scope of its tenant.
    """
    if not provider_ids:
        return set()
    given = [{"id": str(key), "provider_id": provider_id} for key, provider_id in provider_ids.items()]
    values: list[Any] = [
        MessageState.UNKNOWN.value,
        as_json(given),
        account.tenant_id,
        account.pk,
        [state.value for state in UNSETTLED],
        account.tenant_id,
        account.pk,
    ]
    return {key for (key,) in rows(ADOPT, values)}


def own_id(text: object) -> UUID | None:
    """Return LAD's id of a message as a report brings it, or None if it brings none."""
    try:
        return UUID(str(text))
    except ValueError:
        return None


def bounced(events: Sequence[MessageEvent], provider: str) -> None:
    """Put numbers that no message reaches on the do-not-contact list of the channel, as their reports say."""
    for event in events:
        message = event.message
        if event.kind == MessageEventKind.BOUNCED and event.detail.get("severity") == HARD and message.to_address:
            evidence = {"message": str(message.pk), "at": event.occurred_at.isoformat(), **event.detail}
            wish = NewSuppression(
                channel=message.channel,
                reason=SuppressionReason.BOUNCED,
                lead=message.lead,
                address=message.to_address,
                source=f"{provider}: {event.detail.get('code')}",
                evidence=evidence,
            )
            # An invalid number is never written to.
            with suppress(Invalid), transaction.atomic():
                suppress_many([wish])
