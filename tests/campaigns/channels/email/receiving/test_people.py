"""What the sandbox's people send back is understood as they meant it. Neither side shares code with the other."""

import smtplib
from collections.abc import Callable
from datetime import date, timedelta
from email.message import EmailMessage
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.utils import timezone

from campaigns.accounts.models import EmailAccount
from campaigns.channels.email.tracking import with_tracking
from campaigns.channels.email.unsubscribing import unsubscribe_links
from campaigns.messages.models import Message, MessageEvent, MessageEventKind, MessageKind
from lad.tenancy.context import platform_context
from leads.contactability.models import Suppression
from sandbox.providers.mail.people.languages import LANGUAGES
from sandbox.providers.mail.people.persons import DIALECTS
from tests.campaigns.channels.email.receiving.mails import ACCOUNT, SENT_BODY
from tests.factories.campaigns import CampaignFactory, MessageFactory
from tests.factories.leads import LeadFactory

pytestmark = pytest.mark.django_db(transaction=True)

EVERYWHERE = tuple(LANGUAGES)
STYLES = ("", "html", "alias", "colleague", "unmarked")
EXPECTED: dict[str, tuple[MessageKind, str]] = {
    **{f"answers.{language}.1": (MessageKind.REPLY, "") for language in EVERYWHERE},
    **{f"answers.{style}.2": (MessageKind.REPLY, "") for style in STYLES if style},
    "declines.1": (MessageKind.REPLY, ""),
    **{f"out-of-office.{language}.1": (MessageKind.OUT_OF_OFFICE, "") for language in EVERYWHERE},
    "ticket-system.1": (MessageKind.AUTO_REPLY, ""),
    **{f"hard-bounce.{dialect}.1": (MessageKind.BOUNCE, "hard") for dialect in DIALECTS},
    **{f"mailbox-full.{dialect}.1": (MessageKind.BOUNCE, "soft") for dialect in DIALECTS},
    **{f"blocked.{dialect}.1": (MessageKind.BOUNCE, "block") for dialect in DIALECTS},
    "complains.1": (MessageKind.COMPLAINT, ""),
    "complains.redacted.2": (MessageKind.COMPLAINT, ""),
    **{f"unsubscribes-by-mail.{language}.1": (MessageKind.UNSUBSCRIBE, "") for language in EVERYWHERE},
}


def send(sandbox: Any, messages: list[Message]) -> None:
    """Hand the messages to the sandbox as LAD's sender would."""
    host, port = sandbox.smtp
    with smtplib.SMTP(host, port, timeout=10) as client:
        client.login(ACCOUNT, "secret")
        for message in messages:
            mail = EmailMessage()
            mail["From"], mail["To"], mail["Subject"] = f"Maya <{ACCOUNT}>", message.to_address, message.subject
            mail["Message-ID"] = message.message_id
            for name, value in unsubscribe_links(message).headers.items():
                mail[name] = value
            mail.set_content(message.body)
            if message.html:
                mail.add_alternative(with_tracking(message.html, message, message.campaign), subtype="html")
            client.send_message(mail)


def test_every_kind_of_answer_is_understood(
    connected: EmailAccount,
    sandbox: Any,
    tenant: Any,
    messages: Callable[..., list[Message]],
    read: Callable[[EmailAccount], int],
) -> None:
    with platform_context(tenant_id=tenant.pk):
        sent = [
            MessageFactory.create(
                lead=LeadFactory.create(email=f"{name}@people.example"),
                email_account=connected,
                to_address=f"{name}@people.example",
                from_address=ACCOUNT,
                message_id=f"<{number}@acme.test>",
                subject="An hour a day",
                body=SENT_BODY,
            )
            for number, name in enumerate(EXPECTED)
        ]
    send(sandbox, sent)
    sandbox.run_until_idle()
    read(connected)
    names = {message.pk: message.to_address.partition("@")[0] for message in sent}
    with platform_context(tenant_id=tenant.pk):
        bounces = MessageEvent.objects.filter(kind=MessageEventKind.BOUNCED).values_list("message", "detail")
        severities = {names[key]: detail["severity"] for key, detail in bounces}
    found = {
        names[row.thread_id]: (row.kind, severities.get(names[row.thread_id], ""))
        for row in messages(direction="inbound")
        if row.thread_id is not None
    }
    assert {name: (str(kind), severity) for name, (kind, severity) in EXPECTED.items()} == found
    returned = {
        names[row.thread_id]: (date.fromisoformat(row.metadata["returns_on"]), row.metadata["return_is_known"])
        for row in messages(kind=MessageKind.OUT_OF_OFFICE)
        if row.thread_id is not None
    }
    assert returned == {
        entry["person"].partition("@")[0]: (date.fromisoformat(entry["returns"]), True)
        for entry in sandbox.log("auto_reply", what="out_of_office")
    }
    assert len(returned) == len(EVERYWHERE)


def test_what_people_and_scanners_do_with_the_links(
    connected: EmailAccount, sandbox: Any, tenant: Any, live_server: Any, settings: Any
) -> None:
    settings.PUBLIC_URL = live_server.url
    connected.tracking_domain = urlsplit(live_server.url).netloc
    with platform_context(tenant_id=tenant.pk):
        campaign = CampaignFactory.create(config={"tracking": {"opens": True, "clicks": True}})
        sent = [
            MessageFactory.create(
                lead=LeadFactory.create(email=f"{name}@people.example"),
                campaign=campaign,
                email_account=connected,
                to_address=f"{name}@people.example",
                message_id=f"<{name}@acme.test>",
                html='<p>See <a href="https://acme.test/offer">the offer</a>.</p>',
                occurred_at=timezone.now() - timedelta(hours=1),
            )
            for name in ("clicks.1", "scanner.1", "unsubscribes-by-click.1")
        ]
    send(sandbox, sent)
    sandbox.run_until_idle()
    with platform_context(tenant_id=tenant.pk):
        rows = MessageEvent.objects.values_list("message__message_id", "kind", "is_machine")
        found = {(name.partition("@")[0].strip("<"), kind, is_machine) for name, kind, is_machine in rows}
        suppressed = list(Suppression.objects.values_list("address", "source"))
    assert found == {
        # Their mail provider fetches the picture for them.
        ("clicks.1", "opened", True),
        ("clicks.1", "clicked", False),
        # It opens the link to unsubscribe, too.
        ("scanner.1", "opened", True),
        ("scanner.1", "clicked", True),
        ("unsubscribes-by-click.1", "unsubscribed", False),
    }
    assert suppressed == [("unsubscribes-by-click.1@people.example", "Button of the mail program")]
