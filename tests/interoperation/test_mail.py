"""LAD's mail against Debian's Postfix and Dovecot: sent, copied, answered, returned, and read by another parser.

Dovecot parses every message for its ENVELOPE and BODYSTRUCTURE, with code that has nothing to do with LAD's.
"""

import os
import smtplib
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import make_msgid
from typing import Any

import pytest
from django.utils import timezone
from imapclient import IMAPClient

from campaigns.accounts.models import EmailAccount, EmailAccountStatus, EmailSignIn
from campaigns.channels.email.receiving import polling
from campaigns.channels.email.sending import copies
from campaigns.channels.sending import worker
from campaigns.messages import services
from campaigns.messages.models import Message, MessageEvent, MessageEventKind, MessageKind, MessageState
from campaigns.messages.services import Draft
from lad.tenancy.context import platform_context
from leads.channels import Channel
from leads.contactability.models import Suppression, SuppressionReason
from tenants.teams.models import Tenant
from tests.factories.campaigns import EmailAccountFactory
from tests.factories.leads import ContactPolicyFactory, LeadFactory
from tests.support import debian_mail
from tests.support.debian_mail import BOUNCING_DOMAIN, MailServers, mail_servers
from tests.support.sandbox import Sandbox

SENDER = "maya@acme.test"
TOKEN_SENDER = "token@acme.test"
EVERYBODY = "everybody@people.test"
MESSAGES = 500
EACH_RETURNED = 25
DELIVERY_SECONDS = 60.0
SUBJECTS = (
    "A question about {n}",
    "Grüße an Łódź und 東京 {n}",
    "سؤال قصير {n}",
    "A subject that is so long that it must be folded over several lines of the header, and a few words more {n}",
    "Quotes “and” commas, semicolons; =?utf-8?q?no_encoded_word?= {n}",
)
HTML = "<p>Hello <b>{n}</b>, <a href='https://acme.test/{n}'>see this</a>.</p>"

pytestmark = pytest.mark.skipif(
    not debian_mail.INSTALLED or os.geteuid() != 0,
    reason="Postfix and Dovecot are not installed, or the tests do not run as root, which Postfix needs",
)


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory, sandbox_process: Sandbox) -> Iterator[MailServers]:
    home = tmp_path_factory.mktemp("mail-servers")
    userinfo = f"{sandbox_process.url}/oauth/google/v1/userinfo"
    aliases = {r"^person[0-9]+@people\.test$": EVERYBODY}
    with mail_servers(home, (SENDER, TOKEN_SENDER, EVERYBODY), aliases=aliases, userinfo=userinfo) as running:
        yield running


@pytest.fixture
def make_account(tenant: Tenant, servers: MailServers, settings: Any) -> Callable[..., EmailAccount]:
    settings.MAIL_INTERNAL_HOSTS = ["127.0.0.1"]
    with platform_context(tenant_id=tenant.pk):
        ContactPolicyFactory.create(
            tenant=tenant, contact_from="00:00", contact_until="23:59:59.999999", skips_holidays=False
        )

    def make(email: str = SENDER, **values: Any) -> EmailAccount:
        server = {
            "smtp_host": "127.0.0.1",
            "smtp_port": servers.smtp_port,
            "smtp_secure": False,
            "smtp_username": email,
            "smtp_password": servers.password,
            "imap_host": "127.0.0.1",
            "imap_port": servers.imap_port,
            "imap_secure": False,
            "status": EmailAccountStatus.CONNECTED,
            "min_gap_seconds": 0,
            "daily_send_limit": 10_000,
            "from_name": "Maya Lindqvist-Ødegård",
        }
        with platform_context(tenant_id=tenant.pk):
            return EmailAccountFactory.create(**{**server, "email": email, **values})

    return make


def queue(tenant: Tenant, account: EmailAccount, number: int) -> list[Message]:
    with platform_context(tenant_id=tenant.pk):
        drafts = [_draft(account, each) for each in range(number)]
        return list(Message.objects.filter(pk__in=services.queue(drafts)).order_by("pk"))


def _draft(account: EmailAccount, n: int) -> Draft:
    returned = n % EACH_RETURNED == EACH_RETURNED - 1
    address = f"nobody{n}@{BOUNCING_DOMAIN}" if returned else f"person{n}@people.test"
    lead = LeadFactory.create(email=address)
    return Draft(
        lead_id=lead.pk,
        channel=Channel.EMAIL,
        subject=SUBJECTS[n % len(SUBJECTS)].format(n=n),
        body=f"Hello {n}, how are you?\n\n.\nFrom here on dots are doubled.",
        html=HTML.format(n=n) if n % 2 else "",
        email_account_id=account.pk,
    )


def deliver(servers: MailServers) -> None:
    """Send what is due and wait until Postfix has delivered or returned all of it."""
    deadline = time.monotonic() + DELIVERY_SECONDS
    while worker.send_due(seconds=30).get("sent"):
        pass
    while not servers.is_idle:
        assert time.monotonic() < deadline, servers.logs()
        time.sleep(0.05)


def copy() -> None:
    """Make the copies in Sent that are due half a minute after a message was sent."""
    with platform_context():
        Message.objects.filter(copy_due_at__isnull=False).update(copy_due_at=timezone.now())
    while copies.make_copies():
        pass


def envelopes(servers: MailServers, mailbox: str, folder: str = "INBOX") -> dict[str, dict[str, Any]]:
    """Return what Dovecot parsed of the messages in a folder, by Message-ID."""
    with IMAPClient("127.0.0.1", servers.imap_port, ssl=False) as client:
        client.login(mailbox, servers.password)
        client.select_folder(folder, readonly=True)
        found = client.fetch(client.search(), ["ENVELOPE", "BODYSTRUCTURE"]) if client.search() else {}
    return {
        fetched[b"ENVELOPE"].message_id.decode(): {"envelope": fetched[b"ENVELOPE"], "body": fetched[b"BODYSTRUCTURE"]}
        for fetched in found.values()
    }


def text_of(header: bytes) -> str:
    return str(make_header(decode_header(header.decode())))


def answer(servers: MailServers, original: Message, **headers: str) -> None:
    """Write to the sender as the person whom a message was for."""
    mail = EmailMessage()
    values = {
        "From": original.to_address,
        "To": SENDER,
        "Subject": f"Re: {original.subject}",
        "Message-ID": make_msgid(domain="people.test"),
        "In-Reply-To": original.message_id,
        "References": original.message_id,
        **headers,
    }
    for name, value in values.items():
        mail[name] = value
    mail.set_content(
        "That suits me well.\n\nOn Mon, 23 Nov 2026 at 10:00, Maya <maya@acme.test> wrote:\n> How are you?\n"
    )
    with smtplib.SMTP("127.0.0.1", servers.smtp_port, timeout=20) as client:
        client.login(EVERYBODY, servers.password)
        client.send_message(mail, from_addr=EVERYBODY)


@pytest.mark.django_db(transaction=True)
def test_five_hundred_messages_leave_arrive_come_back_and_are_understood(
    tenant: Tenant, servers: MailServers, make_account: Any
) -> None:
    account = make_account()
    messages = queue(tenant, account, MESSAGES)
    deliver(servers)
    copy()
    with platform_context():
        assert set(Message.objects.filter(direction="outbound").values_list("state", flat=True)) == {MessageState.SENT}

    # Every message arrived once, as its recipient's server reads it, and a copy is in Sent.
    returned = messages[EACH_RETURNED - 1 :: EACH_RETURNED]
    arrived = [each for each in messages if each not in returned]
    inbox, kept = envelopes(servers, EVERYBODY), envelopes(servers, SENDER, "Sent")
    assert set(inbox) == {each.message_id for each in arrived}
    assert set(kept) == {each.message_id for each in messages}
    for each in arrived:
        envelope = inbox[each.message_id]["envelope"]
        assert text_of(envelope.subject) == each.subject
        assert text_of(envelope.from_[0].name) == account.from_name
        assert b"@".join((envelope.from_[0].mailbox, envelope.from_[0].host)).decode() == SENDER
        assert b"@".join((envelope.to[0].mailbox, envelope.to[0].host)).decode() == each.to_address
        assert abs(envelope.date - timezone.now().replace(tzinfo=None)) < timedelta(days=1)
        body = inbox[each.message_id]["body"]
        assert body.is_multipart is bool(each.html)
        kinds = [part[:2] for part in body[0]] if body.is_multipart else [body[:2]]
        assert [kind[1].lower() for kind in kinds] == ([b"plain", b"html"] if each.html else [b"plain"])

    # People answer, one is away, and Postfix has returned what nobody took.
    answer(servers, arrived[0])
    answer(servers, arrived[1], **{"Auto-Submitted": "auto-replied", "Subject": "Out of office"})
    deliver(servers)
    assert polling.read_account(account.pk) is not None
    with platform_context():
        received = Message.objects.filter(direction="inbound", lead__in=[arrived[0].lead_id, arrived[1].lead_id])
        understood = dict(received.values_list("lead_id", "kind"))
        bounces = MessageEvent.objects.filter(kind=MessageEventKind.BOUNCED)
        bounced = set(bounces.values_list("message_id", flat=True))
        stopped = Suppression.objects.filter(reason=SuppressionReason.BOUNCED).count()
        text = received.get(lead=arrived[0].lead_id).body
        outbound = Message.objects.filter(direction="outbound").count()
    assert understood[arrived[0].lead_id] == MessageKind.REPLY
    assert understood[arrived[1].lead_id] in (MessageKind.OUT_OF_OFFICE, MessageKind.AUTO_REPLY)
    assert text == "That suits me well."
    assert bounced == {each.pk for each in returned}
    assert stopped == len(returned) == MESSAGES // EACH_RETURNED
    # The copies in Sent are LAD's own and were recorded already.
    assert outbound == MESSAGES


@pytest.mark.django_db(transaction=True)
def test_a_token_of_an_oauth_issuer_opens_both_servers(
    tenant: Tenant, servers: MailServers, make_account: Any, sandbox: Sandbox, settings: Any
) -> None:
    sandbox.mailbox(TOKEN_SENDER)
    account = make_account(TOKEN_SENDER, sign_in=EmailSignIn.GOOGLE, smtp_password="", **sandbox_tokens(sandbox))
    queue(tenant, account, 3)
    deliver(servers)
    copy()
    with platform_context():
        assert Message.objects.filter(email_account=account, state=MessageState.SENT).count() == 3
    assert len(envelopes(servers, TOKEN_SENDER, "Sent")) == 3
    assert polling.read_account(account.pk) is not None
    with platform_context():
        assert EmailAccount.objects.get(pk=account.pk).status == EmailAccountStatus.CONNECTED


def sandbox_tokens(sandbox: Sandbox) -> dict[str, Any]:
    issued = sandbox.tokens(TOKEN_SENDER)
    return {
        "access_token": issued["access_token"],
        "refresh_token": issued["refresh_token"],
        "token_expires_at": timezone.now() + timedelta(hours=1),
    }
