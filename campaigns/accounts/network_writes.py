"""Write accounts on networks. Users name and limit them; only providers say whether they work."""

from typing import Final, Generic, TypeVar

from django.utils import timezone

from campaigns.accounts.models import AccountStatus, ChannelAccount, LinkedinAccount, NetworkAccount
from campaigns.accounts.network_health import judged_from
from campaigns.accounts.providers import TWILIO, UNIPILE, WHATSAPP_CLOUD, channel_providers
from lad import writes
from lad.errors import Invalid
from lad.types import Actor, Values
from leads.channels import Channel

AccountT = TypeVar("AccountT", bound=NetworkAccount)

PACING: Final = frozenset({"min_gap_seconds", "ramp_up_from", "action_limits", "is_active"})
# A change of one of them must be proved by a new check.
KEYS: Final = frozenset({"provider_account_id", "provider_parent_id", "base_url", "secret"})
PROVIDERS: Final = {
    Channel.WHATSAPP: (UNIPILE, WHATSAPP_CLOUD),
    Channel.WEB: (UNIPILE,),
    Channel.SMS: (TWILIO,),
}
FIXED: Final = "This cannot be changed. Add another account instead."
NOT_CHECKED: Final = "Its keys have not been checked yet. Press “Check now” on the account's page."
NOT_CONNECTED: Final = "It is not connected yet. Press “Connect” on the account's page."
NAMED_BY_GATEWAY: Final = "Leave this empty: the gateway names the account when it is connected."


class NetworkAccountWriter(writes.Writer[AccountT], Generic[AccountT]):
    """A new account is not connected yet. One that a person lets act again begins with a clean record."""

    def prepare(self, row: AccountT | None, values: Values, *, actor: Actor) -> Values:
        if row is None:
            return {"status_reason": NOT_CONNECTED, **values, "status": AccountStatus.PENDING}
        filled = dict(values)
        changed = set(writes.differing(row, values))
        if changed & PACING:
            # The senders work out anew when it may act.
            filled["next_send_at"] = None
        if "is_active" in changed and values["is_active"]:
            filled.update(health=judged_from(row.health, timezone.now()), failures=0)
        return filled


class LinkedinAccountWriter(NetworkAccountWriter[LinkedinAccount]):
    """Writes LinkedIn accounts."""


class ChannelAccountWriter(NetworkAccountWriter[ChannelAccount]):
    """Writes accounts on WhatsApp, Instagram and SMS. A provider's new keys must be checked before they are used."""

    def prepare(self, row: ChannelAccount | None, values: Values, *, actor: Actor) -> Values:
        filled = dict(super().prepare(row, values, actor=actor))
        if row is None:
            _require_provider_of(filled)
        else:
            writes.fixed_fields(row, filled, {"channel", "provider"}, FIXED)
        provider = str(filled.get("provider", UNIPILE) if row is None else row.provider)
        changed = set(filled) if row is None else set(writes.differing(row, filled))
        if provider == UNIPILE:
            if "provider_account_id" in changed and filled.get("provider_account_id"):
                # With an id that a user enters, they would act as its owner.
                raise Invalid(errors={"provider_account_id": [NAMED_BY_GATEWAY]})
        elif row is None or changed & KEYS:
            filled.update(status=AccountStatus.PENDING, status_reason=NOT_CHECKED, failures=0)
        return filled


def _require_provider_of(values: Values) -> None:
    channel, provider = values.get("channel"), values.get("provider", UNIPILE)
    if channel not in PROVIDERS or provider in PROVIDERS[Channel(channel)] or provider not in channel_providers:
        return
    offered = " or ".join(channel_providers.get(key).label for key in PROVIDERS[Channel(channel)])
    raise Invalid(errors={"provider": [f"This provider does not carry that channel. Choose {offered}."]})


writes.register(LinkedinAccount, LinkedinAccountWriter)
writes.register(ChannelAccount, ChannelAccountWriter)
