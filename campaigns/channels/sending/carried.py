"""Keep what a provider called a message that it carried, and what that tells about its recipient."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.utils import timezone

from campaigns.accounts.models import EmailAccount, NetworkAccount
from campaigns.messages.models import Action, Message, MessageKind
from campaigns.network_contacts import services as contacts
from campaigns.network_contacts.models import Relation
from lad.db.queries import execute

# Facts of a result that are kept in other columns or tables.
NAMES: Final = frozenset({"provider_id", "chat_id", "person_id", "invitation_id", "relation"})


def keep(account: EmailAccount | NetworkAccount, message: Message, facts: Mapping[str, Any]) -> None:
    """Keep the facts of a message that was sent. Runs in the transaction that writes its result."""
    if not isinstance(account, NetworkAccount):
        return
    if provider_id := str(facts.get("provider_id") or ""):
        _keep_id(account, message, provider_id)
    values = _about_the_lead(message, facts, message.occurred_at or timezone.now())
    if values and message.lead_id is not None:
        contacts.keep(account, message.lead_id, **values)


def _keep_id(account: NetworkAccount, message: Message, provider_id: str) -> None:
    """Give the message the provider's id. A report about it that came first is recorded as a copy, which goes."""
    same = Message.objects.filter(provider_id=provider_id, **{account.message_column: account.pk}).exclude(
        pk=message.pk
    )
    for copy in same.filter(kind=MessageKind.OWN_COPY).values_list("pk", flat=True):
        execute("DELETE FROM messages WHERE tenant_id = %s AND id = %s", [message.tenant_id, copy])
    if not same.exists():
        Message.objects.filter(pk=message.pk).update(provider_id=provider_id)
        message.provider_id = provider_id


def _about_the_lead(message: Message, facts: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, column in (("chat_id", "chat_id"), ("person_id", "provider_id"), ("invitation_id", "invitation_id")):
        if facts.get(name):
            values[column] = str(facts[name])
    if message.action == Action.INVITATION and facts.get("relation") != Relation.CONNECTED:
        values |= {"relation": Relation.INVITED, "invited_at": now}
    if message.action == Action.WITHDRAWAL:
        values["relation"] = Relation.WITHDRAWN
    return values
