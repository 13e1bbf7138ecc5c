"""WhatsApp's Cloud API as a channel."""

import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from django.utils import timezone

from campaigns.accounts.models import AccountStatus, ChannelAccount, WhatsappTemplate
from campaigns.accounts.pacing import Limits
from campaigns.accounts.providers import WHATSAPP_CLOUD
from campaigns.accounts.troubles import AccountTrouble
from campaigns.channels import opting_out, protocol
from campaigns.channels.pacing import message_limits
from campaigns.channels.protocol import Fate, Found, Result, Session
from campaigns.channels.whatsapp import errors
from campaigns.channels.whatsapp.client import WhatsApp
from campaigns.channels.whatsapp.content import Content, Unsendable, chosen_template, content_of
from campaigns.channels.whatsapp.window import contact_of, is_open
from campaigns.messages.models import Action, Message
from lad.requests import Answer
from lad.tenancy.context import tenant_context
from leads.channels import Channel

# An attempt that waited longer between its mark and the transmission is given back: its lease may end.
MAX_WAIT_SECONDS: Final = 45.0
HELD_UP: Final = "The sender was held up for too long before it began."
ONLY_MESSAGES: Final = "WhatsApp carries messages only."
NO_NUMBER: Final = "The lead has no telephone number with its country code. Enter it on the lead's page."
INCOMPLETE: Final = "Enter the access token and the number's id of this account, then test it."
STOPPED: Final = "Stopped marketing messages in WhatsApp"


class WhatsAppSession(Session):
    """Sends messages of one account. There is no connection to keep: each message is one request."""

    def __init__(self, account: ChannelAccount) -> None:
        self.account = account

    def send(self, message: Message, *, begun: float | None = None) -> Result:
        """Hand one message over. ``begun`` is the monotonic time at which its attempt was recorded.

        Raises AccountTrouble if the account cannot be used; then nothing was handed over.
        """
        if message.provider_id:
            # A report about an attempt whose answer was lost came before this one.
            return Result(Fate.SENT, facts={"provider_id": message.provider_id})
        if message.action != Action.MESSAGE:
            return Result(Fate.REFUSED, ONLY_MESSAGES)
        if not message.to_address.startswith("+"):
            return Result(Fate.REFUSED, NO_NUMBER)
        try:
            content = self._content(message)
        except Unsendable as error:
            return Result(Fate.REFUSED, str(error))
        if begun is not None and time.monotonic() - begun > MAX_WAIT_SECONDS:
            return Result(Fate.NOT_SENT, HELD_UP)
        answer = WhatsApp(self.account).hand_over(
            {
                "recipient_type": "individual",
                "to": message.to_address.removeprefix("+"),
                **content.request,
                # Comes back with every report about the message, so that one whose answer was lost is found.
                "biz_opaque_callback_data": str(message.pk),
            }
        )
        return self._result(message, content, answer) if isinstance(answer, Answer) else answer

    def close(self) -> None:
        """Nothing is open."""

    def _content(self, message: Message) -> Content:
        chosen = chosen_template(message)
        with tenant_context(self.account.tenant_id):
            contact = contact_of(self.account, message.lead_id)
            template = None
            if chosen is not None:
                rows = WhatsappTemplate.objects.filter(channel_account=self.account.pk, name=chosen.name)
                template = rows.filter(language=chosen.language).first()
        return content_of(message, window_is_open=is_open(contact, now=timezone.now()), template=template)

    def _result(self, message: Message, content: Content, answer: Answer) -> Result:
        now = timezone.now()
        if not answer.succeeded:
            result = errors.result_of(answer, now=now)
            if errors.problem_of(answer.json.get("error")).code == errors.STOPPED_MARKETING:
                opting_out.refused_by_provider(message, STOPPED, at=now)
            return result
        sent = _first(answer.json.get("messages"))
        provider_id = str(sent.get("id") or "")
        if not provider_id:
            return Result(Fate.UNKNOWN, "WhatsApp gave an answer that names no message.", by_account=True)
        person = str(_first(answer.json.get("contacts")).get("wa_id") or "")
        facts = {"provider_id": provider_id, "person_id": person, "chat_id": person}
        if content.template:
            facts |= {"sent_template": content.template, "sent_text": content.words}
        return Result(Fate.SENT, facts=facts)


class WhatsAppDriver:
    """The driver of WhatsApp's Cloud API. Accounts are rows of ChannelAccount."""

    channel = Channel.WHATSAPP
    provider = WHATSAPP_CLOUD

    def open(self, account: ChannelAccount) -> WhatsAppSession:
        """Return a session. Raises AccountTrouble for an account that is not complete."""
        if not account.secret or not account.provider_account_id:
            raise AccountTrouble(INCOMPLETE, AccountStatus.ERROR)
        return WhatsAppSession(account)

    def find(self, account: ChannelAccount, messages: Sequence[Message]) -> Mapping[UUID, Found]:
        """Look for messages whose sender was lost: by the reports about them, which bring LAD's own id.

        WhatsApp cannot be asked what was sent, so its silence says nothing.
        """
        with tenant_context(account.tenant_id):
            rows = Message.objects.filter(pk__in=[message.pk for message in messages]).exclude(provider_id="")
            reported = set(rows.values_list("pk", flat=True))
        return {each.pk: Found.SENT if each.pk in reported else Found.NOT_KNOWN for each in messages}

    def limits(self, account: ChannelAccount, *, zone: str, now: datetime) -> Limits:
        return message_limits(account, zone=zone, now=now)


WHATSAPP: Final = WhatsAppDriver()
protocol.register(WHATSAPP)


def _first(values: object) -> Mapping[str, object]:
    found = values[0] if isinstance(values, list) and values else {}
    return found if isinstance(found, dict) else {}
