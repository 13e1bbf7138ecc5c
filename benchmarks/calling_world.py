"""Who is called in chaos_dialer.py: tenants with accounts at the sandbox, people who may be called, and people who not.

What may not be is known to the world alone: people without consent, on the list, or where it is night. The world makes
rows; it decides nothing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from benchmarks.chaos_world import SandboxControl
from lad.db.identifiers import uuid7

CHUNK: Final = 2_000
# Zone, what its numbers begin with, how many digits follow.
PLACES: Final = (
    ("Asia/Tokyo", "+8132", 7),
    ("Asia/Singapore", "+656", 7),
    ("Asia/Kolkata", "+91222", 7),
    ("Asia/Dubai", "+9714", 7),
    ("Europe/Berlin", "+4930", 7),
    ("Europe/London", "+442079", 6),
    ("America/New_York", "+12122", 6),
    ("America/Los_Angeles", "+12132", 6),
)
GOOD_CALLS: Final = 1_000_000
# Hours of the day at which a run may begin so that it stays inside, or outside, the hours of contact.
DAY: Final = (9, 16)
NIGHT: Final = (21, 5)
FROM, UNTIL = time(8), time(20)
OWN, CONSENT, LISTED, ASLEEP = "may be called", "without consent", "on the list", "at night"
# Of twenty people so many may not be called.
SHARES: Final = (CONSENT, LISTED, ASLEEP)
NUMBERS: Final = ("+442079460018", "+12125550143", "+4930901820", "+34911230000")
DELAYS: Final = {"busy": [1], "no_answer": [1], "voicemail": [1], "carrier_failed": [1, 1]}
SECRET: Final = "{key}-secret-that-opens-nothing-outside"


@dataclass(frozen=True, slots=True)
class Caps:
    """How many calls may run at once."""

    tenant: int
    reserve: int
    batch: int
    agent: int
    number: int
    account: int


@dataclass
class Caller:
    """One tenant. ``people`` says of each number why it may not be called, or that it may."""

    name: str
    id: UUID
    protocol: str
    key: str
    caps: Caps
    funded: Decimal
    # Whether it calls through the platform's account, and pays for that.
    platform: bool = False
    account_id: UUID | None = None
    people: dict[str, str] = field(default_factory=dict)
    zones: dict[str, str] = field(default_factory=dict)

    @property
    def entries(self) -> int:
        return len(self.people)


def place_where(hours: tuple[int, int], at: datetime) -> tuple[str, str, int]:
    """Return the first place whose clock shows one of the hours now."""
    first, last = hours
    for zone, begins, digits in PLACES:
        hour = at.astimezone(ZoneInfo(zone)).hour
        if first <= hour < last if first < last else hour >= first or hour < last:
            return zone, begins, digits
    raise SystemExit(f"Nowhere is it between {first} and {last} o'clock.")


def phone_of(begins: str, digits: int, tenant: int, number: int) -> str:
    """Return a telephone number of a place, another one for each of the tenants 0 to 3."""
    # No place has numbers that go on with 0 or 1 everywhere.
    return f"{begins}{(tenant + 2) * 10 ** (digits - 1) + number}"


@dataclass
class World:
    """All tenants."""

    callers: list[Caller]
    began: datetime

    @classmethod
    def build(cls, control: SandboxControl, port: int, entries: int) -> "World":
        world = cls([], datetime.now(UTC))
        rooms = _account(None, "livekit", "sandbox-rooms", port, 10)
        shared = _account(None, "vapi", "sandbox-shared", port, 8)
        plans = (
            ("room", "livekit", "sandbox-rooms", Caps(14, 2, 8, 9, 6, 10), rooms),
            ("own", "vapi", "sandbox-own", Caps(12, 0, 9, 9, 5, 11), None),
            ("first", "vapi", "sandbox-shared", Caps(7, 1, 6, 6, 4, 8), shared),
            ("second", "vapi", "sandbox-shared", Caps(7, 1, 6, 6, 4, 8), shared),
        )
        for place, (name, protocol, key, caps, account) in enumerate(plans):
            world._join(name, protocol, key, caps, account, port, entries // len(plans), place)
        for key in {each.key for each in world.callers}:
            control.ask("POST", f"/voice/accounts/{key}", {"numbers": NUMBERS, "concurrent": 50})
        return world

    def _join(
        self,
        name: str,
        protocol: str,
        key: str,
        caps: Caps,
        account: UUID | None,
        port: int,
        entries: int,
        place: int,
    ) -> None:
        from billing.ledger.services import ledger, wallets
        from lad.tenancy.context import platform_context, tenant_context
        from leads.contactability.models import ContactPolicy
        from tenants.teams.models import PlanTier, Tenant
        from voice.dialer.models import DialingPolicy

        with platform_context():
            tenant = Tenant.objects.create(name=name, slug=name, timezone="UTC", plan_tier=PlanTier.ENTERPRISE)
        caller = Caller(name, tenant.pk, protocol, key, caps, Decimal(entries * 5))
        caller.platform = account is not None
        caller.account_id = account or _account(tenant.pk, protocol, key, port, caps.account)
        with tenant_context(tenant.pk):
            ContactPolicy.objects.create(
                contact_from=FROM,
                contact_until=UNTIL,
                skips_holidays=False,
                consent_required=["voice"],
                max_per_day=0,
                max_per_week=0,
                company_stop_days=0,
            )
            DialingPolicy.objects.create(
                max_concurrent=caps.tenant,
                inbound_reserve=caps.reserve,
                retry_delays=DELAYS,
                breaker_percent=100,
                breaker_calls=10_000,
            )
            ledger.topup(wallet=wallets.open_wallet(), amount=caller.funded, key="fund")
            self._call(caller, entries, place)
        self.callers.append(caller)

    def _call(self, caller: Caller, entries: int, place: int) -> None:
        """Make people, two batches of which the second has some of the first's people, and start them."""
        from voice.agents.models import VoiceAgent
        from voice.batches.models import CallBatch
        from voice.statuses import BatchStatus

        numbers = list(_numbers(caller, (self.began - timedelta(days=1)).date()))
        agent = VoiceAgent.objects.create(
            name="Caller", agent_instructions="Ask two questions.", gender="female", max_concurrent=caller.caps.agent
        )
        leads = self._people(caller, entries, place)
        again = leads[: entries // 6]
        for people, number in ((leads, None), (again, numbers[0])):
            batch = CallBatch.objects.create(
                agent=agent,
                from_number=number,
                max_concurrent=caller.caps.batch,
                total_calls=len(people),
                status=BatchStatus.QUEUED,
                name="People",
            )
            _entries(batch, people)

    def _people(self, caller: Caller, entries: int, place: int) -> list[Any]:
        from leads.contactability.models import ConsentRecord, SuppressionReason
        from leads.contactability.services import suppress
        from leads.contacts.models import Lead

        awake, asleep = place_where(DAY, self.began), place_where(NIGHT, self.began)
        leads = []
        for number in range(entries):
            # One in ten of each kind that may not be called, the rest may.
            kind = SHARES[number % 10] if number % 10 < len(SHARES) else OWN
            zone, begins, digits = asleep if kind == ASLEEP else awake
            phone = phone_of(begins, digits, place, number)
            caller.people[phone], caller.zones[phone] = kind, zone
            leads.append(Lead(id=uuid7(), first_name="Maya", last_name=f"Number {number}", phone=phone))
        for part in _parts(leads):
            Lead.objects.bulk_create(part)
        agreed = [each for each in leads if caller.people[each.phone] != CONSENT]
        for part in _parts(agreed):
            ConsentRecord.objects.bulk_create(
                ConsentRecord(
                    lead=each, channel="voice", status="given", purpose="outreach", source="form", given_at=self.began
                )
                for each in part
            )
        for each in leads:
            if caller.people[each.phone] == LISTED:
                suppress(lead=each, address=each.phone, channel="voice", reason=SuppressionReason.MANUAL)
        return leads


def _numbers(caller: Caller, yesterday: date) -> Iterator[Any]:
    from lad.phones import parse
    from sandbox.providers.voice.settings import TRUNK, number_id
    from voice.numbers.models import NumberDay, VoiceNumber

    for text in NUMBERS:
        phone = parse(text)
        number = VoiceNumber.objects.create(
            country_code=phone.country_code,
            base_number=phone.base_number,
            leading_zeros=phone.leading_zeros,
            carrier_account_id=caller.account_id,
            carrier_reference=TRUNK if caller.protocol == "livekit" else number_id(text),
            max_concurrent=caller.caps.number,
            daily_cap=1_000_000,
        )
        # People who talk at many times the pace of life end their calls in seconds, which would let the number rest.
        NumberDay.objects.create(
            number=number,
            day=yesterday,
            placed=GOOD_CALLS,
            answered=GOOD_CALLS,
            talk_seconds=GOOD_CALLS * 60,
        )
        yield number


def _entries(batch: Any, leads: Sequence[Any]) -> None:
    from voice.batches.models import CallBatchEntry

    for part in _parts(leads):
        CallBatchEntry.objects.bulk_create(CallBatchEntry(batch=batch, lead=each, to_phone=each.phone) for each in part)


def _account(tenant_id: UUID | None, protocol: str, key: str, port: int, most: int) -> UUID:
    from lad.tenancy.context import platform_context, tenant_context
    from voice.carriers.models import CarrierAccount

    secrets = {"key_id": key, "secret": SECRET.format(key=key), "agent": "lad-agent"}
    if protocol == "vapi":
        secrets = {"secret": key, "webhook_secret": "a-secret-that-comes-with-callbacks", "agent": "an-assistant"}
    with tenant_context(tenant_id) if tenant_id else platform_context():
        row = CarrierAccount.objects.create(
            tenant_id=tenant_id,
            name=key,
            carrier=protocol,
            base_url=f"http://127.0.0.1:{port}/{protocol}",
            max_concurrent=most,
            **secrets,
        )
        return UUID(str(row.pk))


def _parts(rows: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(rows), CHUNK):
        yield rows[start : start + CHUNK]
