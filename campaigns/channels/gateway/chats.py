"""Write to people in chats, and look for messages whose sender was lost."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from campaigns.accounts.models import NetworkAccount
from campaigns.channels.gateway.people import Recipient, known
from campaigns.channels.gateway.session import Doing
from campaigns.channels.protocol import Found
from campaigns.channels.receiving.own import give_id, same_words
from campaigns.gateways.unipile.client import Gateway
from campaigns.gateways.unipile.errors import Refused
from campaigns.gateways.unipile.records import ChatMessage
from campaigns.messages.models import Message
from campaigns.network_contacts import services as contacts
from lad.tenancy.context import tenant_context

# The network's clock and LAD's may differ.
CLOCKS_DIFFER: Final = timedelta(minutes=30)


def write(doing: Doing, recipient: Recipient) -> Mapping[str, Any]:
    """Write the message in the chat with the recipient, or begin one. Return the facts. Raises a GatewayError."""
    text = doing.message.body
    if recipient.chat_id:
        try:
            sent = doing.gateway.write(recipient.chat_id, text)
        except Refused as error:
            # The gateway forgets chats of an account that was connected anew.
            if error.kind != "resource_not_found" or not recipient.id:
                raise
            sent = doing.gateway.start_chat(recipient.id, text)
    else:
        sent = doing.gateway.start_chat(recipient.id, text)
    facts = {"provider_id": sent.message_id, "chat_id": sent.chat_id, "person_id": recipient.id}
    return {name: value for name, value in facts.items() if value}


def find_message(account: NetworkAccount, gateway: Gateway, message: Message) -> Found:
    """Look for a message in the chats with its recipient, by its words and time. Raises a GatewayError.

    The gateway takes no key of LAD's with a message. A message that another one of LAD's is known by does not count.
    """
    recipient = known(account, message)
    if recipient is None:
        # Whoever was never looked up was never written to.
        return Found.NOT_SENT
    since = (message.begun_at or message.created_at) - CLOCKS_DIFFER
    chats = dict.fromkeys([recipient.chat_id, *(gateway.chats_with(recipient.id) if recipient.id else [])])
    for chat_id in filter(None, chats):
        own = _own_with_words(gateway, chat_id, message.body, since)
        found = _first_unknown(account, message, own)
        if found is not None:
            return Found.SENT
    return Found.NOT_SENT


def _own_with_words(gateway: Gateway, chat_id: str, words: str, since: datetime) -> list[ChatMessage]:
    try:
        found = gateway.messages_in(chat_id, after=since)
    except Refused:
        return []
    matching = [each for each in found if each.is_own and same_words(words, each.text)]
    return [each for each in reversed(matching) if each.at is None or each.at >= since]


def _first_unknown(account: NetworkAccount, message: Message, own: list[ChatMessage]) -> ChatMessage | None:
    """Return the first of the messages that no other one of LAD's is known by, and keep that this one is it."""
    with tenant_context(message.tenant_id):
        for each in own:
            if give_id(account, message, each.id):
                if message.lead_id is not None:
                    contacts.keep(account, message.lead_id, chat_id=each.chat_id)
                return each
    return None
