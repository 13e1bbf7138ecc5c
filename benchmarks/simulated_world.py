"""Two tenants with leads in six time zones, campaigns with different hours, and what happens to them in a year.

Everything is done through LAD's services, and written into the record of facts that the checker reads.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID

from benchmarks.simulated_year_checker import Account, Campaign, Event, Hours, Lead, Record, Tenant

# Telephone numbers that lie in one time zone only: their beginning, the zone and the country.
PLACES: Final = (
    ("+4930", "Europe/Berlin", "DE"),
    ("+4420", "Europe/London", "GB"),
    ("+1212", "America/New_York", "US"),
    ("+1213", "America/Los_Angeles", "US"),
    ("+612", "Australia/Sydney", "AU"),
    ("+9133", "Asia/Kolkata", "IN"),
)
TENANTS: Final = (("Europe/London", "GB"), ("America/New_York", "US"))
DAY: Final = timedelta(days=1)
WORKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday")
# Months and days of holidays, with the country that keeps them.
HOLIDAYS: Final = (
    (1, 1, ""),
    (12, 25, ""),
    (5, 1, "DE"),
    (10, 3, "DE"),
    (7, 4, "US"),
    (11, 25, "US"),
    (1, 26, "AU"),
    (8, 15, "IN"),
    (8, 30, "GB"),
)
ACCOUNTS: Final = 4
PER_DAY, PER_WEEK = 2, 5
LEADS_PER_COMPANY: Final = 20
CHUNK: Final = 5_000
# Start, end, days, zone, and how many messages a day for each thousand enrolments.
WINDOWS: Final[tuple[tuple[str, str, Sequence[str], str, int | None], ...]] = (
    ("09:00", "17:00", WORKDAYS, "lead", None),
    ("07:30", "21:00", (*WORKDAYS, "saturday"), "lead", 40),
    ("08:00", "12:15", ("tuesday", "thursday"), "Asia/Kolkata", None),
    ("13:00", "19:30", WORKDAYS, "tenant", 60),
    ("00:00", "23:45", (*WORKDAYS, "saturday", "sunday"), "lead", None),
)
# The steps of each campaign: what it does and its settings.
MESSAGE: Final = {"subject": "Hello {{ first_name }}", "body": "How is {{ company_name }}?"}
STEPS: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    ("email_send", MESSAGE),
    ("delay", {"days": 3, "working_days": True}),
    ("delay", {"hours": 5}),
    ("condition", {"condition": "replied"}),
    ("email_followup", MESSAGE),
    ("delay", {"days": 2}),
    ("delay", {"minutes": 90}),
    ("condition", {"condition": "opened"}),
    ("delay", {"days": 6, "working_days": True}),
    ("email_followup", MESSAGE),
    ("delay", {"days": 4}),
    ("delay", {"hours": 30}),
)


@dataclass(slots=True)
class Part:
    """What a part of the year did, and in how many seconds of the real clock."""

    record: Record = field(default_factory=Record)
    steps: int = 0
    happenings: int = 0
    enrolments: int = 0
    ticks: int = 0
    seconds: float = 0.0


@dataclass
class World:
    """The simulated tenants. ``record`` has the facts by the ids that LAD gave the rows.

    ``places`` has zone and country of each tenant, and ``enrolments`` is their number in the whole simulation.
    """

    start: datetime
    places: Sequence[tuple[str, str]]
    enrolments: int
    seed: int = 14
    record: Record = field(default_factory=Record)
    tenants: list[UUID] = field(default_factory=list)
    campaigns: dict[UUID, list[UUID]] = field(default_factory=dict)
    accounts: dict[UUID, list[UUID]] = field(default_factory=dict)
    leads: dict[UUID, list[UUID]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)

    def build(self, *, tidy: Callable[[], None]) -> None:
        """Create tenants, accounts, campaigns, leads and enrolments, and start the campaigns.

        ``tidy`` lets the server count what was added: without that, it takes its large tables for empty ones.
        """
        for number, (zone, country) in enumerate(self.places):
            tenant_id = self._tenant(number, zone, country)
            self._accounts(tenant_id)
            self._leads(tenant_id, self.enrolments // len(TENANTS) // 2, tidy)
            self._campaigns(tenant_id, tidy)

    def _tenant(self, number: int, zone: str, country: str) -> UUID:
        from lad.tenancy.context import platform_context, tenant_context
        from leads.contactability.models import ContactPolicy, Holiday
        from tenants.teams.models import PlanTier
        from tenants.teams.models import Tenant as TenantRow

        with platform_context():
            row = TenantRow.objects.create(
                name=f"Year {number}",
                slug=f"year-{number}",
                timezone=zone,
                country=country,
                plan_tier=PlanTier.ENTERPRISE,
            )
        days = [
            (date(year, month, day), where)
            for year in (self.start.year, self.start.year + 1)
            for month, day, where in HOLIDAYS
        ]
        with tenant_context(row.pk):
            ContactPolicy.objects.create(
                contact_from=time(8),
                contact_until=time(20),
                max_per_day=PER_DAY,
                max_per_week=PER_WEEK,
                public_holidays="none",
            )
            for day, where in days:
                Holiday.objects.create(day=day, country=where, name="Holiday")
        self.record.tenants[str(row.pk)] = Tenant(
            zone=zone,
            quiet=Hours(8 * 60, 20 * 60),
            per_day=PER_DAY,
            per_week=PER_WEEK,
            holidays=frozenset(days),
        )
        self.tenants.append(row.pk)
        return row.pk

    def _accounts(self, tenant_id: UUID) -> None:
        from campaigns.accounts.models import EmailAccount
        from lad.tenancy.context import tenant_context

        # Together a little less than what the campaigns want, so that the limits are felt.
        limit = max(self.enrolments // 660, 5)
        with tenant_context(tenant_id):
            rows = [
                EmailAccount.objects.create(
                    email=f"sender{number}@{tenant_id.hex[:8]}.example",
                    smtp_host="smtp.example",
                    smtp_port=587,
                    daily_send_limit=limit + number,
                    min_gap_seconds=0,
                )
                for number in range(ACCOUNTS)
            ]
        self.accounts[tenant_id] = [row.pk for row in rows]
        for row in rows:
            self.record.accounts[str(row.pk)] = Account(str(tenant_id), row.daily_send_limit)

    def _leads(self, tenant_id: UUID, many: int, tidy: Callable[[], None]) -> None:
        from lad.outbox.emission import quiet
        from lad.tenancy.context import tenant_context
        from leads.contacts.models import Lead as LeadRow

        self.leads[tenant_id] = []
        for start in range(0, many, CHUNK):
            rows = []
            for number in range(start, min(start + CHUNK, many)):
                prefix, zone, country = PLACES[number % len(PLACES)]
                domain = f"company{number // LEADS_PER_COMPANY}.example"
                rows.append(
                    LeadRow(
                        tenant_id=tenant_id,
                        first_name="Maya",
                        last_name=f"Number {number}",
                        company_name=f"Company {number // LEADS_PER_COMPANY}",
                        company_domain=domain,
                        email=f"lead{number}@{domain}",
                        phone=_phone(prefix, number),
                    )
                )
                self.record.leads[str(rows[-1].pk)] = Lead(zone, country, rows[-1].email, domain)
            with tenant_context(tenant_id), quiet():
                LeadRow.objects.bulk_create(rows)
            tidy()
            self.leads[tenant_id] += [row.pk for row in rows]

    def _campaigns(self, tenant_id: UUID, tidy: Callable[[], None]) -> None:
        """Enrol every lead in two of the campaigns, and start them."""
        from campaigns.design.models import Campaign as CampaignRow
        from campaigns.design.models import CampaignStep
        from campaigns.design.services import lifecycle
        from campaigns.enrolment.services import enrolment
        from lad import writes
        from lad.tenancy.context import tenant_context

        zone = self.record.tenants[str(tenant_id)].zone
        leads = self.leads[tenant_id]
        self.campaigns[tenant_id] = []
        for number, (start, end, days, where, per_thousand) in enumerate(WINDOWS):
            mine = [lead for place, lead in enumerate(leads) if number in (place % 5, (place // 5 + place + 1) % 5)]
            cap = per_thousand and max(len(mine) * per_thousand // 1_000, 3)
            window = {"start": start, "end": end, "days": list(days), "zone": where, "skips_holidays": True}
            config = {"window": window, "intake_per_day": max(len(mine) // 220, 1), "stop": {"on_reply": "lead"}}
            if cap:
                config["daily_cap"] = cap
            with tenant_context(tenant_id):
                row = writes.create(
                    CampaignRow, {"name": f"Campaign {number}", "config": config, "priority": number % 3}
                )
                for kind, settings in STEPS:
                    writes.create(CampaignStep, {"campaign": row, "type": kind, "title": kind, "config": settings})
            for first in range(0, len(mine), CHUNK):
                with tenant_context(tenant_id):
                    enrolment.enrol(campaign=row, leads=mine[first : first + CHUNK], actor=None)
                tidy()
            with tenant_context(tenant_id):
                lifecycle.start(campaign=row, actor=None, now=self.start)
            self.campaigns[tenant_id].append(row.pk)
            hours = Hours(
                _minutes(start),
                _minutes(end),
                frozenset(_weekday(day) for day in days),
                {"lead": None, "tenant": zone}.get(where, where),
            )
            self.record.campaigns[str(row.pk)] = Campaign(hours, str(tenant_id), cap)

    def note(self, at: datetime, kind: str, subject: object) -> None:
        self.record.events.append(Event(at, kind, str(subject)))

    def pick(self, tenant_id: UUID) -> UUID:
        return self.chance.choice(self.leads[tenant_id])


def _phone(prefix: str, number: int) -> str:
    """Return a number of that beginning with the usual length of its country."""
    length = {"+49": 11, "+44": 12, "+1": 11, "+61": 11, "+91": 12}
    digits = next(value for start, value in length.items() if prefix.startswith(start))
    missing = digits - (len(prefix) - 1)
    return f"{prefix}{2_000_000 + number % 7_000_000:0{missing}d}"[: digits + 1]


def _minutes(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)


def _weekday(day: str) -> int:
    return (*WORKDAYS, "saturday", "sunday").index(day)
