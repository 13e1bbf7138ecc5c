"""What chaos_outreach.py sends: one campaign of one tenant, mailboxes on the sandbox, and a lead for each message."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import time, timedelta
from decimal import Decimal
from http.client import HTTPConnection
from typing import Any, Final
from uuid import UUID

import psycopg

CHUNK: Final = 5_000
ACCOUNTS: Final = 30
PRICE: Final = Decimal("0.002")
LOG_LIMIT: Final = 100_000
# The name of the sandbox's host decides whether its queue can be asked: only that of this one can.
QUEUE_HOST: Final = "localhost"
PLAIN_HOST: Final = "127.0.0.1"
# Ways in which an account's lost messages can be found again.
IN_QUEUE, IN_SENT, NOWHERE = "queue", "sent", "nowhere"
KINDS: Final = (IN_QUEUE, IN_SENT, IN_QUEUE, IN_SENT, NOWHERE)


class SandboxControl:
    """The control port of a sandbox."""

    def __init__(self, port: int) -> None:
        self._port = port

    def ask(self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        connection = HTTPConnection(PLAIN_HOST, self._port, timeout=60)
        try:
            connection.request(method, path, body=data, headers=headers or {})
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()

    def submissions(self) -> Iterator[dict[str, Any]]:
        """Yield every message that the server took, as its log has it."""
        since = 0
        while entries := self.ask("GET", f"/log?kind=submission&since={since}&limit={LOG_LIMIT}")["entries"]:
            yield from entries
            since = entries[-1]["n"]

    def counts(self) -> dict[str, int]:
        counts: dict[str, int] = self.ask("GET", "/stats")["log"]
        return counts

    def drop(self, times: int, *, messages: int) -> None:
        """Drop connections around the final answer, spread over the messages: before it and after it, taken or not."""
        before: dict[str, object] = {"stage": "FINAL", "accepted": False}
        kinds: list[dict[str, object]] = [{"stage": "FINAL", "accepted": True}, before, {"stage": "AFTER-FINAL"}]
        for number, kind in enumerate(kinds):
            share = len(range(number, times, len(kinds)))
            every = max(messages // (share + 1), 1)
            if share:
                self.ask(
                    "POST", "/faults", {"kind": "drop", "times": share, "skip": every // 2, "every": every, **kind}
                )


@dataclass(slots=True)
class ChaosWorld:
    """The rows that were made. ``accounts`` says how a lost message of an account can be found."""

    tenant_id: UUID
    accounts: dict[str, str]

    @classmethod
    def build(cls, control: SandboxControl, ports: dict[str, int], messages: int) -> "ChaosWorld":
        from lad.tenancy.context import platform_context
        from tenants.teams.models import PlanTier, Tenant

        with platform_context():
            tenant = Tenant.objects.create(name="Chaos", slug="chaos", timezone="UTC", plan_tier=PlanTier.ENTERPRISE)
        world = cls(tenant.pk, {})
        world._rules(messages)
        world._accounts(control, ports, messages)
        world._campaign(messages)
        return world

    def _rules(self, messages: int) -> None:
        """Let nothing stand in the way of a message, and let each cost something."""
        from django.utils import timezone

        from billing.ledger.services import ledger, wallets
        from billing.pricing.models import Price
        from lad.tenancy.context import platform_context, tenant_context
        from leads.contactability.models import ContactPolicy

        with platform_context():
            Price.objects.create(
                category="messaging",
                provider="lad",
                model="email",
                unit="message",
                unit_price=PRICE,
                effective_from=timezone.now() - timedelta(days=1),
            )
        with tenant_context(self.tenant_id):
            ContactPolicy.objects.create(
                contact_from=time(0), contact_until=time(23, 59, 59), max_per_day=0, max_per_week=0
            )
            ledger.topup(wallet=wallets.open_wallet(), amount=PRICE * messages, key="fund")

    def _accounts(self, control: SandboxControl, ports: dict[str, int], messages: int) -> None:
        from campaigns.accounts.models import EmailAccount, EmailAccountStatus
        from lad.tenancy.context import tenant_context

        for number in range(ACCOUNTS):
            kind = KINDS[number % len(KINDS)]
            address = f"sender{number}@chaos.example"
            mailbox = {"address": address, "password": "secret", "saves_sent": kind == IN_SENT}
            control.ask("POST", "/mailboxes", mailbox)
            host = QUEUE_HOST if kind == IN_QUEUE else PLAIN_HOST
            with tenant_context(self.tenant_id):
                account = EmailAccount.objects.create(
                    email=address,
                    smtp_host=host,
                    smtp_port=ports["smtp"],
                    smtp_secure=False,
                    smtp_username=address,
                    smtp_password="secret",
                    imap_host=host if kind == IN_SENT else "",
                    imap_port=ports["imap"] if kind == IN_SENT else None,
                    imap_secure=False,
                    saves_sent=True if kind == IN_SENT else None,
                    status=EmailAccountStatus.CONNECTED,
                    daily_send_limit=min(max(messages, 1), 100_000),
                    min_gap_seconds=0,
                )
            self.accounts[str(account.pk)] = kind

    def _campaign(self, messages: int) -> None:
        from campaigns.design.models import Campaign, CampaignStep
        from campaigns.design.services import lifecycle
        from campaigns.enrolment.services import enrolment
        from lad import writes
        from lad.outbox.emission import quiet
        from lad.tenancy.context import tenant_context
        from leads.contacts.models import Lead

        text = {"subject": "Hello {{ first_name }}", "body": "How is {{ company_name }}?"}
        with tenant_context(self.tenant_id):
            campaign = writes.create(Campaign, {"name": "Chaos"})
            writes.create(CampaignStep, {"campaign": campaign, "type": "email_send", "title": "Write", "config": text})
        for start in range(0, messages, CHUNK):
            rows = [
                Lead(
                    tenant_id=self.tenant_id,
                    first_name="Maya",
                    last_name=f"Number {number}",
                    company_name="Northwind",
                    email=f"silent.{number}@people.example",
                )
                for number in range(start, min(start + CHUNK, messages))
            ]
            with tenant_context(self.tenant_id), quiet():
                Lead.objects.bulk_create(rows)
                enrolment.enrol(campaign=campaign, leads=[row.pk for row in rows], actor=None)
        with tenant_context(self.tenant_id):
            lifecycle.start(campaign=campaign, actor=None)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of the messages, by the sandbox's log and by LAD's tables."""

    taken: int
    duplicates: int
    lost: int
    unfinished: int
    unknown: int
    findable: int
    untold: int
    repeated: int
    charged: int
    held: int
    states: dict[str, int]

    @property
    def settled(self) -> bool:
        """Return whether every message that was sent is charged, and nothing is held for others."""
        return self.charged == self.states.get("sent", 0) and self.held == self.unknown


def judge(database: psycopg.Connection[Any], control: SandboxControl, world: ChaosWorld, messages: int) -> Verdict:
    """Compare the sandbox's log with LAD's tables."""
    taken = Counter(entry["message_id"].strip("<>") for entry in control.submissions())
    rows = database.execute(
        "SELECT message_id, state, email_account_id::text FROM messages"
        " WHERE direction = 'outbound' AND channel = 'email'"
    ).fetchall()
    states = Counter(state for _id, state, _account in rows)
    unknown = [(key.strip("<>"), account) for key, state, account in rows if state == "unknown"]
    sent = {key.strip("<>") for key, state, _account in rows if state == "sent"}
    counted = {name: _count(database, query) for name, query in COUNTED.items()}
    return Verdict(
        taken=len(taken),
        duplicates=sum(taken.values()) - len(taken),
        # Said to be sent and not taken, or never written at all.
        lost=len(sent - taken.keys()) + messages - len(rows),
        unfinished=len(rows) - states["sent"] - states["unknown"],
        unknown=len(unknown),
        findable=sum(key in taken and world.accounts[account] != NOWHERE for key, account in unknown),
        states=dict(states),
        **counted,
    )


COUNTED: Final = {
    "repeated": "SELECT count(*) FROM messages WHERE attempts > 1 AND channel = 'email'",
    "untold": """
        SELECT count(*) FROM messages
        JOIN campaign_leads ON campaign_leads.tenant_id = messages.tenant_id
            AND campaign_leads.id = messages.campaign_lead_id
        LEFT JOIN campaign_lead_activities AS activities ON activities.tenant_id = messages.tenant_id
            AND activities.id = messages.activity_id
        WHERE messages.state = 'sent' AND messages.channel = 'email' AND (
            follow_up_due_at IS NOT NULL OR activities.status IS DISTINCT FROM 'sent'
            OR campaign_leads.reason = 'sending'
        )
    """,
    "charged": "SELECT count(*) FROM billing_usage_events WHERE status = 'charged'",
    "held": "SELECT count(*) FROM billing_holds WHERE status = 'held'",
}


def _count(database: psycopg.Connection[Any], query: str) -> int:
    row = database.execute(query).fetchone()
    return int(row[0]) if row else 0
