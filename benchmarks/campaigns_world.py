"""The rows of campaigns.py: tenants with campaigns of a delay and an e-mail, and enrolments by the million."""

from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any, Final
from uuid import UUID

import psycopg

# Enrolments of leads that do not exist: nobody looks at those that are not due. As a replica no trigger runs. Keys
# are in the order of time, as LAD's are.
FILL: Final = """
INSERT INTO campaign_leads (id, tenant_id, campaign_id, lead_id, status, next_step_id, step_entered_at,
    next_action_at, reason, started_at, current_step_order, first_name, email)
SELECT uuidv7(), %s, %s, uuidv7(), 'active', %s, now(), now() + interval '30 days' * (1 + random()),
    'delay', now(), 1, 'Maya', 'lead' || number || '@northwind.example'
FROM generate_series(1, %s) AS number
"""
# From this number on, the indexes are built after the rows.
MANY: Final = 50_000
INDEXES: Final = """
SELECT indexname, indexdef FROM pg_indexes
WHERE tablename = 'campaign_leads' AND schemaname = current_schema()
    AND NOT EXISTS (SELECT FROM pg_constraint WHERE conname = indexname)
"""
SORT_IN_MEMORY: Final = "SET maintenance_work_mem = '512MB'"
DUE: Final = """
INSERT INTO campaign_leads (id, tenant_id, campaign_id, lead_id, status, next_step_id, step_entered_at,
    next_action_at, reason, started_at, current_step_order, first_name, company_name, email)
SELECT gen_random_uuid(), leads.tenant_id, %s, leads.id, 'active', %s, %s - interval '70 minutes',
    %s - interval '10 minutes' * random(), 'delay', %s - interval '70 minutes', 1, 'Maya', 'Northwind', leads.email
FROM leads WHERE leads.tenant_id = %s ORDER BY leads.id LIMIT %s
"""
WAKE: Final = "UPDATE campaigns SET next_run_at = %s WHERE id = %s"
FORGET: Final = """
DELETE FROM messages WHERE campaign_id = %(campaign)s;
DELETE FROM campaign_lead_activities WHERE campaign_id = %(campaign)s;
DELETE FROM campaign_leads WHERE campaign_id = %(campaign)s AND reason <> 'delay';
"""


@dataclass(slots=True)
class Bench:
    """One tenant with a mailbox, leads and campaigns. ``steps`` are those of each campaign in their order."""

    database: psycopg.Connection[Any]
    tenant: UUID
    account: UUID
    steps: dict[UUID, list[UUID]] = field(default_factory=dict)

    @classmethod
    def create(cls, database: psycopg.Connection[Any], name: str, *, leads: int) -> "Bench":
        from campaigns.accounts.models import EmailAccount, EmailAccountStatus
        from lad.outbox.emission import quiet
        from lad.tenancy.context import platform_context, tenant_context
        from leads.contactability.models import ContactPolicy
        from leads.contacts.models import Lead
        from tenants.teams.models import PlanTier, Tenant

        with platform_context():
            tenant = Tenant.objects.create(name=name, slug=name, timezone="UTC", plan_tier=PlanTier.ENTERPRISE)
        with tenant_context(tenant.pk), quiet():
            whole_day = {"contact_from": time(0), "contact_until": time(23, 59, 59), "skips_holidays": False}
            ContactPolicy.objects.create(**whole_day, max_per_day=0, max_per_week=0)
            account = EmailAccount.objects.create(
                email=f"a@{name}.example",
                smtp_host="127.0.0.1",
                smtp_port=25,
                smtp_secure=False,
                status=EmailAccountStatus.CONNECTED,
                daily_send_limit=100_000,
                min_gap_seconds=0,
            )
            rows = (
                Lead(
                    tenant_id=tenant.pk,
                    first_name="Maya",
                    last_name=f"Number {number}",
                    company_name="Northwind",
                    email=f"lead{number}@{name}.example",
                )
                for number in range(leads)
            )
            Lead.objects.bulk_create(rows, batch_size=5_000)
        return cls(database, tenant.pk, account.pk)

    def campaign(self, *, writes_mail: bool) -> UUID:
        """Create a running campaign: a delay, then an e-mail or the end."""
        from campaigns.design.models import Campaign, CampaignStatus, CampaignStep
        from lad.outbox.emission import quiet
        from lad.tenancy.context import tenant_context

        text = {"subject": "Hello {{ first_name }}", "body": "How is {{ company_name }}?"}
        with tenant_context(self.tenant), quiet():
            row = Campaign.objects.create(name="Bench", status=CampaignStatus.RUNNING)
            steps = [
                CampaignStep.objects.create(campaign=row, type="delay", order=1, title="Wait", config={"hours": 1})
            ]
            if writes_mail:
                values = {"type": "email_send", "order": 2, "title": "Write", "config": text}
                steps.append(CampaignStep.objects.create(campaign=row, **values))
        self.steps[row.pk] = [step.pk for step in steps]
        # A campaign without an open enrolment completes.
        self.fill(row.pk, 1)
        return row.pk

    def fill(self, campaign: UUID, many: int) -> None:
        """Add enrolments that are not due for a month."""
        indexes = self.database.execute(INDEXES).fetchall() if many >= MANY else []
        self.database.execute("SET session_replication_role = replica")
        self.database.execute(SORT_IN_MEMORY)
        with self.database.transaction():
            for name, _definition in indexes:
                self.database.execute(f"DROP INDEX {name}")
            self.database.execute(FILL, [self.tenant, campaign, self.steps[campaign][0], many])
            for _name, definition in indexes:
                self.database.execute(definition)
        self.database.execute("SET session_replication_role = origin")

    def due(self, campaign: UUID, many: int, now: datetime, *, wake: bool = True) -> None:
        """Add enrolments of real leads whose delay has ended, in place of those of the round before.

        The engine works on the campaign if it is woken.
        """
        self.database.execute("SET session_replication_role = replica")
        for statement in FORGET.split(";"):
            if statement.strip():
                self.database.execute(statement, {"campaign": campaign})
        self.database.execute("SET session_replication_role = origin")
        values = [campaign, self.steps[campaign][0], now, now, now, self.tenant, many]
        self.database.execute(DUE, values)
        self.database.execute(WAKE, [now - timedelta(minutes=10) if wake else None, campaign])

    def waiting(self, campaign: UUID, now: datetime) -> int:
        query = "SELECT count(*) FROM campaign_leads WHERE campaign_id = %s AND next_action_at <= %s"
        row = self.database.execute(query, [campaign, now]).fetchone()
        return int(row[0]) if row else 0
