"""What chaos_outreach.py does on networks: accounts at the sandbox's stand-ins, campaigns on each channel, and leads.

Every third account may do less than its leads need, so that its limit is met. The world makes rows; it decides nothing.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import psycopg

from benchmarks.chaos_world import LOG_LIMIT, PLAIN_HOST, SandboxControl
from benchmarks.networks_judge import READABLE, Limit, Line, Record, Row, line_of

UNIPILE_KEY: Final = "sandbox-chaos"
UNIPILE_SECRET: Final = "a-secret-of-the-chaos"
TWILIO_SID: Final = "AC" + "c" * 32
APP_SECRET: Final = "sandbox-app-secret"
ACCOUNTS: Final = 3
# In a hundred callbacks.
SHARES: Final = {"lost": 6, "twice": 6, "late": 4, "swapped": 6, "pace": 20}
PROTOCOLS: Final = ("unipile", "whatsapp_cloud", "twilio")
# Stage, fault, its first request, and every how many again.
FAULTS: Final[tuple[tuple[str, dict[str, object], int, int], ...]] = (
    ("SEND", {"kind": "drop", "accepted": True}, 5, 23),
    ("SEND", {"kind": "drop", "accepted": False}, 9, 29),
    ("SEND", {"kind": "answer", "code": 503}, 14, 37),
    ("SEND", {"kind": "answer", "code": 429, "seconds": 1}, 20, 61),
    ("SEND", {"kind": "split"}, 17, 53),
    ("INVITE", {"kind": "drop", "accepted": True}, 7, 31),
    ("INVITE", {"kind": "drop", "accepted": False}, 11, 41),
    ("INVITE", {"kind": "answer", "code": 500}, 16, 43),
    ("VISIT", {"kind": "drop", "accepted": True}, 8, 47),
    ("LIST", {"kind": "answer", "code": 502}, 6, 19),
)
# The log's name of a channel → LAD's.
CHANNELS: Final = {"linkedin": "linkedin", "whatsapp": "whatsapp", "instagram": "web", "sms": "sms"}
OF_LAD: Final = {lad: log for log, lad in CHANNELS.items()}
# The first action of each channel's campaign, as the log calls it.
FIRST: Final = {"linkedin": "visit", "whatsapp": "message", "instagram": "follow", "sms": "message"}
PAUSE: Final[tuple[str, dict[str, Any]]] = ("delay", {"delayMinutes": 1})
STEPS: Final[dict[str, list[tuple[str, dict[str, Any]]]]] = {
    "linkedin": [
        ("linkedin_visit", {}),
        ("linkedin_connect", {"message": "Hello {{ first_name }} {{ last_name }}"}),
        ("linkedin_message", {"message": "Thank you, {{ last_name }}"}),
    ],
    "whatsapp": [
        (
            "whatsapp_send",
            {
                "message": "Hello {{ last_name }}",
                "template": "introduction",
                "language": "en",
                "variables": ["{{ last_name }}", "our fair"],
            },
        ),
        PAUSE,
        (
            "whatsapp_send",
            {
                "message": "Once more, {{ last_name }}",
                "template": "follow_up",
                "language": "en",
                "variables": ["{{ last_name }}"],
            },
        ),
    ],
    "instagram": [("instagram_follow", {}), ("instagram_dm", {"message": "Hello {{ last_name }}"})],
    "sms": [
        ("sms_send", {"message": "Hello {{ last_name }}"}),
        PAUSE,
        ("sms_send", {"message": "Once more, {{ last_name }}"}),
    ],
}
ROWS: Final = """
SELECT messages.id::text, messages.channel, messages.direction, messages.action, messages.state,
    coalesce(linkedin.unipile_account_id, account.provider_account_id, ''), coalesce(messages.lead_id::text, ''),
    messages.provider_id, messages.created_at, messages.next_attempt_at
FROM messages
LEFT JOIN social_linkedin_accounts AS linkedin
    ON linkedin.tenant_id = messages.tenant_id AND linkedin.id = messages.linkedin_account_id
LEFT JOIN channel_accounts AS account
    ON account.tenant_id = messages.tenant_id AND account.id = messages.channel_account_id
WHERE messages.channel <> 'email'
"""


@dataclass
class NetworksWorld:
    """The rows that were made. ``people`` are leads by channel (as the log calls it) and identifier."""

    tenant_id: UUID
    leads: int
    limits: dict[tuple[str, str], Limit] = field(default_factory=dict)
    people: dict[tuple[str, str], UUID] = field(default_factory=dict)

    @classmethod
    def build(cls, control: SandboxControl, port: int, tenant_id: UUID, leads: int) -> "NetworksWorld":
        world = cls(tenant_id, leads)
        world._linkedin(control)
        world._gateway(control, "WHATSAPP", "whatsapp")
        world._gateway(control, "INSTAGRAM", "instagram")
        world._whatsapp_cloud(control, port)
        world._twilio(port)
        for channel in STEPS:
            world._campaign(channel)
        return world

    def subscribe(self) -> None:
        """Let the gateway and the providers report to LAD's web server."""
        from campaigns.accounts.models import ChannelAccount
        from campaigns.channels.sms import connecting as sms
        from campaigns.channels.whatsapp import connecting as whatsapp
        from campaigns.provider_reports import registering
        from lad.tenancy.context import tenant_context

        registering.register()
        with tenant_context(self.tenant_id):
            accounts = list(ChannelAccount.objects.exclude(provider="unipile"))
        for account in accounts:
            (sms if account.provider == "twilio" else whatsapp).subscribe(account)

    def _limit(self, account: str, number: int, action: str) -> dict[str, dict[str, int]]:
        """Return what an account may do, and remember it. Every third may do too little for its share."""
        share = max(self.leads // ACCOUNTS, 2)
        day = max(share // 2, 1) if number % ACCOUNTS == 0 else self.leads * 4
        self.limits[account, action] = Limit(day, day * 5)
        return {action: {"day": day, "week": day * 5}}

    def _linkedin(self, control: SandboxControl) -> None:
        from campaigns.accounts.models import LinkedinAccount
        from lad.tenancy.context import platform_context, tenant_context
        from tenants.accounts.models import User
        from tenants.teams.models import Membership

        with platform_context():
            owner = User.objects.create(email="owner@chaos.example", first_name="Maya", last_name="Owner")
            Membership.objects.create(tenant_id=self.tenant_id, user=owner, role="owner")
        for number in range(ACCOUNTS):
            id = f"linkedin-{number}"
            self._account_at_gateway(control, id, "LINKEDIN", f"maya-{number}")
            limits = self._limit(id, number, "invitation")
            many = {"day": self.leads * 4, "week": self.leads * 20}
            with tenant_context(self.tenant_id):
                LinkedinAccount.objects.create(
                    account_name=f"Maya {number}",
                    user=owner,
                    unipile_account_id=id,
                    min_gap_seconds=0,
                    daily_action_limit=limits["invitation"]["day"],
                    default_weekly_limit=limits["invitation"]["week"],
                    action_limits={**limits, "visit": many, "message": many, "profile": many},
                )

    def _gateway(self, control: SandboxControl, type: str, channel: str) -> None:
        for number in range(ACCOUNTS):
            id = f"{channel}-{number}"
            identifier = f"+4915100000{number:03d}" if type == "WHATSAPP" else f"maya.{number}"
            self._account_at_gateway(control, id, type, identifier)
            self._account(channel, "unipile", id, self._limit(id, number, "message"), address=identifier)

    def _whatsapp_cloud(self, control: SandboxControl, port: int) -> None:
        from campaigns.accounts.models import TemplateStatus, WhatsappTemplate
        from lad.tenancy.context import tenant_context

        for number in range(ACCOUNTS):
            id, business, phone = f"30000000000000{number}", f"40000000000000{number}", f"+4915100001{number:03d}"
            body = {"phone_number_id": id, "business_id": business, "number": phone}
            control.ask("POST", "/whatsapp/numbers", body)
            account = self._account(
                *("whatsapp", "whatsapp_cloud", id, self._limit(id, number, "message")),
                address=phone,
                provider_parent_id=business,
                base_url=f"http://{PLAIN_HOST}:{port}/whatsapp",
                secret="sandbox-token",
                webhook_secret=APP_SECRET,
            )
            headers = {"Authorization": "Bearer sandbox-token"}
            listed = control.ask("GET", f"/whatsapp/v23.0/{business}/message_templates", headers=headers)
            with tenant_context(self.tenant_id):
                for each in listed["data"]:
                    text = each["components"][0]["text"]
                    WhatsappTemplate.objects.create(
                        channel_account=account,
                        name=each["name"],
                        language=each["language"],
                        category=each["category"],
                        status=TemplateStatus(each["status"].lower()),
                        body=text,
                        components=each["components"],
                        variables=text.count("{{"),
                        provider_id=each["id"],
                    )

    def _twilio(self, port: int) -> None:
        for number, phone in enumerate(("+442079460201", "+12125550201")):
            self._account(
                *("sms", "twilio", phone, self._limit(phone, number, "message")),
                address=phone,
                provider_parent_id=TWILIO_SID,
                base_url=f"http://{PLAIN_HOST}:{port}/twilio",
                secret="sandbox-token",
            )

    def _account(self, channel: str, provider: str, id: str, limits: dict[str, dict[str, int]], **values: str) -> Any:
        from campaigns.accounts.models import ChannelAccount
        from lad.tenancy.context import tenant_context

        many = {"day": self.leads * 4, "week": self.leads * 20}
        with tenant_context(self.tenant_id):
            return ChannelAccount.objects.create(
                account_name=id,
                channel=CHANNELS[channel],
                provider=provider,
                provider_account_id=id,
                min_gap_seconds=0,
                action_limits={**limits, "follow": many},
                **values,
            )

    def _account_at_gateway(self, control: SandboxControl, id: str, type: str, identifier: str) -> None:
        body = {"id": id, "type": type, "name": f"Maya {id}", "identifier": identifier}
        control.ask("POST", "/unipile/accounts", body)
        # LAD's limits are what is tested, not the network's.
        most = {"day": self.leads * 10, "week": self.leads * 50}
        actions = ("invitation", "message", "visit", "follow")
        control.ask("POST", f"/networks/accounts/{id}", {"limits": dict.fromkeys(actions, most)})

    def _campaign(self, channel: str) -> None:
        from campaigns.design.models import Campaign, CampaignStep
        from campaigns.design.services import lifecycle
        from campaigns.enrolment.services import enrolment
        from lad import writes
        from lad.outbox.emission import quiet
        from lad.tenancy.context import tenant_context
        from leads.contacts.models import Lead, LeadSocial

        with tenant_context(self.tenant_id):
            campaign = writes.create(Campaign, {"name": f"Chaos on {channel}"})
            for order, (type, config) in enumerate(STEPS[channel], start=1):
                step = {
                    "campaign": campaign,
                    "type": type,
                    "title": f"{type} {order}",
                    "config": config,
                    "order": order,
                }
                writes.create(CampaignStep, step)
        rows, handles = [], []
        for number in range(self.leads):
            identifier = _identifier(channel, number)
            lead = Lead(tenant_id=self.tenant_id, first_name="Ada", last_name=f"Number {number} {channel}")
            if channel == "linkedin":
                lead.linkedin_url = f"https://www.linkedin.com/in/{identifier}"
            elif channel == "instagram":
                handles.append(LeadSocial(tenant_id=self.tenant_id, lead=lead, data={"instagram": identifier}))
            else:
                lead.phone = identifier
            rows.append(lead)
            self.people[channel, identifier] = lead.pk
        with tenant_context(self.tenant_id), quiet():
            Lead.objects.bulk_create(rows)
            LeadSocial.objects.bulk_create(handles)
            enrolment.enrol(campaign=campaign, leads=[row.pk for row in rows], actor=None)
        with tenant_context(self.tenant_id):
            lifecycle.start(campaign=campaign, actor=None)


def disturb(control: SandboxControl) -> None:
    """Let requests and callbacks of all networks go wrong now and then."""
    control.ask("POST", "/networks/callbacks", SHARES)
    for protocol in PROTOCOLS:
        for stage, fault, skip, every in FAULTS:
            whole = {**fault, "protocol": protocol, "stage": stage, "times": None, "skip": skip, "every": every}
            control.ask("POST", "/faults", whole)


def settings_for(port: int, sandbox_port: int) -> dict[str, str]:
    """Return the environment of LAD's processes."""
    return {
        "UNIPILE_BASE_URL": f"http://{PLAIN_HOST}:{sandbox_port}/unipile",
        "UNIPILE_API_KEY": UNIPILE_KEY,
        "UNIPILE_WEBHOOK_SECRET": UNIPILE_SECRET,
        "OUTREACH_SANDBOX_HOSTS": PLAIN_HOST,
        "OUTREACH_TIMEOUT_SECONDS": "8",
        "PUBLIC_URL": f"http://{PLAIN_HOST}:{port}",
        "ALLOWED_HOSTS": PLAIN_HOST,
        "JWT_SIGNING_KEYS": "a-key-of-the-chaos-that-is-long-enough-for-signatures",
    }


def record_of(database: psycopg.Connection[Any], control: SandboxControl, world: NetworksWorld) -> Record:
    """Read what the sandbox's log and LAD's tables say."""
    entries = list(_entries(control))
    lines = [line_of(entry) for entry in entries]
    full = _full(lines, world)
    whose = {lead: person for (_channel, person), lead in world.people.items()}
    rows = [_row(values, whose, full) for values in database.execute(ROWS)]
    first = {(channel, person): FIRST[channel] for channel, person in world.people}
    lost = {
        str(entry["message"])
        for entry in entries
        if entry["kind"] == "network_callback" and entry["how"] == "lost" and entry["protocol"] not in READABLE
    }
    return Record(lines, rows, world.limits, first, frozenset(lost))


def lost_answers(control: SandboxControl) -> int:
    """Count the requests whose answer did not arrive, or said nothing of what happened."""
    statuses = (0, 500, 502, 503)
    asked = (f"/log?kind=network_request&limit={LOG_LIMIT}&status={status}" for status in statuses)
    return sum(len(control.ask("GET", path)["entries"]) for path in asked)


def _entries(control: SandboxControl) -> Iterator[dict[str, Any]]:
    kinds = ["sent", "written", "accepted", "callback", "opted_out", "blocked"]
    path = f"/log?kind={','.join(f'network_{kind}' for kind in kinds)}&limit={LOG_LIMIT}"
    since = 0
    while entries := control.ask("GET", f"{path}&since={since}")["entries"]:
        yield from entries
        since = entries[-1]["n"]


def _full(lines: list[Line], world: NetworksWorld) -> set[tuple[str, str]]:
    """Return the accounts that have done all they may today, each with the action."""
    today = datetime.now(UTC).date()
    done: dict[tuple[str, str], int] = {}
    for line in lines:
        if line.kind == "sent" and line.accepted and line.at.date() == today:
            done[line.account, line.action] = done.get((line.account, line.action), 0) + 1
    # What LAD does not know to be sent takes a place too.
    return {key for key, limit in world.limits.items() if limit.day is not None and done.get(key, 0) >= limit.day * 0.9}


def _row(values: tuple[Any, ...], whose: dict[UUID, str], full: set[tuple[str, str]]) -> Row:
    id, channel, direction, action, state, account, lead, provider_id, created_at, due = values
    later = due is not None and due > datetime.now(UTC) + timedelta(minutes=10)
    waits = state == "queued" and (later or (account, action) in full)
    person = whose.get(UUID(lead), "") if lead else ""
    return Row(
        id,
        OF_LAD.get(channel, channel),
        direction,
        action,
        state,
        account,
        person,
        provider_id,
        created_at,
        waits,
    )


def _identifier(channel: str, number: int) -> str:
    if channel == "linkedin":
        return f"member-{number}"
    if channel == "instagram":
        return f"member.{number}"
    return f"+49151{20 + (channel == 'sms'):02d}{number:06d}"


def progress_of(database: psycopg.Connection[Any]) -> tuple[int, ...]:
    """Return how many actions on networks are done, on their way, and still looked for, and how much was received."""
    row = database.execute(PROGRESS).fetchone()
    assert row is not None
    return tuple(row)


PROGRESS: Final = """
SELECT count(*) FILTER (WHERE state = 'sent'), count(*) FILTER (WHERE state IN ('sending', 'queued')),
    count(*) FILTER (WHERE state = 'unknown' AND next_attempt_at IS NOT NULL),
    count(*) FILTER (WHERE state = 'received')
FROM messages WHERE channel <> 'email'
"""


def dumped(record: Record) -> str:
    """Return the record for whoever looks at it after a run."""
    return json.dumps(
        {"lines": [vars_of(each) for each in record.lines], "rows": [vars_of(each) for each in record.rows]},
        default=str,
        indent=1,
    )


def vars_of(value: Line | Row) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__slots__}
