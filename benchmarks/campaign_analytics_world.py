"""The rows of campaign_analytics.py: one tenant with campaigns of any number of activities, and somebody who reads."""

import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import psycopg
from psycopg import sql

from benchmarks.campaigns_world import Bench

ROOT: Final = Path(__file__).resolve().parents[1]
BEGINNING: Final = datetime(2026, 1, 5, tzinfo=UTC)
DAYS: Final = 120
ACCOUNTS: Final = 20
CHUNK: Final = 100_000
STEPS: Final = (
    "lead_generation", "ab_split", "delay", "email_send", "linkedin_connect", "linkedin_message", "whatsapp_send",
    "voice_agent_call",
)  # fmt: skip
TABLES: Final = ("campaign_leads", "campaign_lead_activities", "messages", "message_events")
# Numbered leads of a campaign. What happens to each follows from its number, so that every run has the same rows. A
# hash spreads the numbers, and a tenth of the leads never begins. As a replica no trigger runs.
NUMBERED: Final = """
CREATE TEMPORARY TABLE numbered AS
SELECT number, uuidv7() AS enrolment, abs(hashint8(number)) %% 1000 AS fate, abs(hashint8(number + 7)) %% 100 AS luck,
    %(beginning)s::timestamptz + interval '1 minute' * (abs(hashint8(number + 13)) %% (%(days)s * 1440)) AS begun
FROM generate_series(%(low)s::bigint, %(high)s::bigint) AS number
"""
ENROLMENTS: Final = """
INSERT INTO campaign_leads (id, tenant_id, campaign_id, lead_id, created_at, status, reason, next_step_id, started_at,
    completed_at, first_name, deleted_at)
SELECT enrolment, %(tenant)s, %(campaign)s, uuidv7(), begun - interval '1 day',
    CASE WHEN fate < 100 THEN 'pending' WHEN fate < 500 THEN 'active' WHEN fate < 800 THEN 'completed'
        ELSE 'stopped' END,
    CASE WHEN fate < 100 THEN '' WHEN fate < 500 THEN 'delay' WHEN fate < 600 THEN 'goal_reached' WHEN fate < 800
        THEN 'finished' ELSE 'replied' END,
    CASE WHEN fate BETWEEN 100 AND 499 THEN %(delay)s::uuid END,
    CASE WHEN fate >= 100 THEN begun END, CASE WHEN fate BETWEEN 500 AND 799 THEN begun + interval '20 days' END,
    'Maya', CASE WHEN fate %% 97 = 0 THEN begun + interval '30 days' END
FROM numbered
"""
# Every lead that has begun went through all steps.
ACTIVITIES: Final = """
INSERT INTO campaign_lead_activities (id, tenant_id, campaign_id, campaign_lead_id, step_id, channel, step_type,
    action_type, status, metadata, created_at, executed_at)
SELECT CASE WHEN step.has_message THEN md5(enrolment::text || step.type)::uuid ELSE uuidv7() END, %(tenant)s,
    %(campaign)s, enrolment, step.id, step.channel, step.type, step.type,
    CASE WHEN step.type = 'linkedin_connect' AND luck < 30 THEN 'connected'
        WHEN step.type = 'voice_agent_call' AND luck < 40 THEN 'failed'
        WHEN step.has_message AND luck = 99 THEN 'failed'
        WHEN step.has_message THEN 'sent' ELSE 'delivered' END,
    CASE step.type WHEN 'ab_split' THEN jsonb_build_object('variant', CASE WHEN number %% 2 = 0 THEN 'a' ELSE 'b' END)
        WHEN 'voice_agent_call' THEN jsonb_build_object('outcome', CASE WHEN luck < 40 THEN 'busy' WHEN luck < 60
            THEN 'voicemail' ELSE 'answered' END)
        ELSE '{}' END,
    begun + interval '1 hour' * step.place, begun + interval '1 hour' * step.place
FROM numbered CROSS JOIN (
    SELECT id, type, "order" AS place, type IN ('email_send', 'linkedin_connect', 'linkedin_message', 'whatsapp_send')
        AS has_message, CASE WHEN type LIKE 'email%%' THEN 'email' WHEN type LIKE 'linkedin%%' THEN 'linkedin'
        WHEN type LIKE 'whatsapp%%' THEN 'whatsapp' WHEN type LIKE 'voice%%' THEN 'voice' END AS channel
    FROM campaign_steps WHERE campaign_id = %(campaign)s
) AS step
WHERE fate >= 100
"""
MESSAGES: Final = """
INSERT INTO messages (id, tenant_id, campaign_id, campaign_lead_id, step_id, activity_id, email_account_id,
    linkedin_account_id, channel_account_id, channel, direction, action, state, created_at, occurred_at, opened_at,
    clicked_at, replied_at, bounced_at, delivered_at)
SELECT md5('message' || activity.id)::uuid, %(tenant)s, %(campaign)s, activity.campaign_lead_id, activity.step_id,
    activity.id, CASE activity.channel WHEN 'email' THEN account END,
    CASE activity.channel WHEN 'linkedin' THEN account END, CASE activity.channel WHEN 'whatsapp' THEN account END,
    activity.channel, 'outbound', CASE activity.step_type WHEN 'linkedin_connect' THEN 'invitation' ELSE 'message' END,
    CASE activity.status WHEN 'failed' THEN 'failed' ELSE 'sent' END, activity.executed_at, activity.executed_at,
    CASE WHEN activity.channel <> 'linkedin' AND luck BETWEEN 10 AND 39 THEN activity.executed_at + interval '5 hours'
        END,
    CASE WHEN activity.channel = 'email' AND luck BETWEEN 10 AND 14 THEN activity.executed_at + interval '6 hours' END,
    CASE WHEN activity.step_type <> 'linkedin_connect' AND (luck + activity.place) %% 20 = 3
        THEN activity.executed_at + interval '3 days' END,
    CASE WHEN activity.channel = 'email' AND luck BETWEEN 4 AND 6 THEN activity.executed_at + interval '2 minutes' END,
    CASE WHEN activity.channel = 'whatsapp' AND luck < 80 THEN activity.executed_at + interval '1 minute' END
FROM (
    SELECT a.*, steps."order" AS place, numbered.luck,
        md5(a.channel || %(tenant)s || numbered.number %% %(accounts)s)::uuid AS account
    FROM numbered JOIN campaign_lead_activities AS a ON a.tenant_id = %(tenant)s AND a.campaign_lead_id = enrolment
    JOIN campaign_steps AS steps ON steps.id = a.step_id
    WHERE a.channel IN ('email', 'linkedin', 'whatsapp')
) AS activity
"""
EVENTS: Final = """
INSERT INTO message_events (id, tenant_id, message_id, kind, occurred_at)
SELECT uuidv7(), %(tenant)s, messages.id, 'unsubscribed', occurred_at + interval '1 hour'
FROM numbered JOIN messages ON messages.tenant_id = %(tenant)s AND campaign_lead_id = enrolment
WHERE messages.channel = 'email' AND state = 'sent' AND luck = 8
"""
# As the product writes them: some more open, answer, bounce and end, by single statements with triggers.
GO_ON: Final = (
    "UPDATE messages SET opened_at = %(now)s WHERE id = %(message)s AND opened_at IS NULL",
    "UPDATE messages SET replied_at = %(now)s WHERE id = %(message)s AND replied_at IS NULL",
    "INSERT INTO message_events (id, tenant_id, message_id, kind, occurred_at) "
    "SELECT uuidv7(), tenant_id, id, 'bounced', %(now)s FROM messages WHERE id = %(message)s",
    "UPDATE campaign_leads SET status = 'completed', reason = 'goal_reached', next_step_id = NULL, "
    "completed_at = %(now)s WHERE id = %(enrolment)s AND started_at IS NOT NULL"
    " AND reason <> 'goal_reached'",
    "UPDATE campaign_lead_activities SET status = 'replied' WHERE id = %(activity)s AND status = 'sent'",
    "UPDATE campaign_leads SET deleted_at = %(now)s WHERE id = %(enrolment)s",
)


@dataclass(slots=True)
class World:
    """One tenant, its campaigns, and a mailbox that really sends."""

    tenant: UUID
    user: Any
    bench: Bench
    sending: UUID
    some_days: tuple[date, date] = (date(2026, 2, 2), date(2026, 3, 1))
    sink: Any = None

    @classmethod
    def create(cls, database: psycopg.Connection[Any]) -> "World":
        from lad.tenancy.context import platform_context
        from tenants.access.roles import Role
        from tenants.accounts.models import User
        from tenants.features.models import TenantFeature
        from tenants.teams.models import Membership

        bench = Bench.create(database, "analytics", leads=1_000)
        with platform_context(tenant_id=bench.tenant):
            TenantFeature.objects.create(feature_key="social-integration", granted=True)
            user = User.objects.create(email="owner@analytics.example", primary_tenant_id=bench.tenant, is_staff=True)
            Membership.objects.create(user=user, role=Role.OWNER)
        sending = bench.campaign(writes_mail=True)
        command = [sys.executable, "-m", "benchmarks.smtp_sink"]
        sink = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert sink.stdout is not None
        database.execute("UPDATE email_accounts SET smtp_port = %s", [int(sink.stdout.readline())])
        return cls(bench.tenant, user, bench, sending, sink=sink)

    def fill(self, database: psycopg.Connection[Any], activities: int) -> UUID:
        """Add a campaign with about so many activities and return it."""
        from campaigns.design.models import Campaign, CampaignStep
        from lad.outbox.emission import quiet
        from lad.tenancy.context import tenant_context

        with tenant_context(self.tenant), quiet():
            tracking = {"tracking": {"opens": True, "clicks": True}}
            row = Campaign.objects.create(name=f"{activities:,} activities", status="paused", config=tracking)
            steps = {
                type_: CampaignStep.objects.create(campaign=row, type=type_, order=place, title=type_, config={}).pk
                for place, type_ in enumerate(STEPS, 1)
            }
        values = {"tenant": str(self.tenant), "campaign": row.pk, "delay": steps["delay"], "beginning": BEGINNING,
                  "days": DAYS, "accounts": ACCOUNTS}  # fmt: skip
        leads = round(activities / len(STEPS) / 0.9)
        database.execute("SET session_replication_role = replica")
        for low in range(1, leads + 1, CHUNK):
            database.execute(NUMBERED, {**values, "low": low, "high": min(low + CHUNK - 1, leads)})
            database.execute("ANALYZE numbered")
            for statement in (ENROLMENTS, ACTIVITIES, MESSAGES, EVENTS):
                database.execute(statement, values)
            database.execute("DROP TABLE numbered")
        database.execute("SET session_replication_role = origin")
        for table in TABLES:
            database.execute(sql.SQL("VACUUM ANALYZE {}").format(sql.Identifier(table)))
        return row.pk

    def go_on(self, database: psycopg.Connection[Any], campaign: UUID, changes: int) -> None:
        """Write more changes with triggers, and fold the first half of them."""
        from campaigns.figures import folding

        found = database.execute(
            "SELECT id, campaign_lead_id, activity_id, occurred_at FROM messages"
            " WHERE campaign_id = %s AND state = 'sent'"
            " ORDER BY id LIMIT %s", [campaign, changes],
        ).fetchall()  # fmt: skip
        for number, (message, enrolment, activity, at) in enumerate(found):
            values = {"message": message, "enrolment": enrolment, "activity": activity,
                      "now": at + timedelta(days=25)}  # fmt: skip
            database.execute(GO_ON[number % len(GO_ON)], values)
            if number == changes // 2:
                folding.fold_all()

    def triggers(self, database: psycopg.Connection[Any], *, on: bool) -> None:
        """Switch the triggers of the figures on or off."""
        word = sql.SQL("ENABLE" if on else "DISABLE")
        rows = database.execute(
            "SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE tgfoid::regproc::text ~ %s",
            [r"campaigns_(count|note)_"],
        ).fetchall()
        if len(rows) != 10:
            raise SystemExit(f"There are {len(rows)} triggers of figures, 10 were expected.")
        for table, name in rows:
            place, trigger = sql.Identifier(*table.split(".")), sql.Identifier(name)
            database.execute(sql.SQL("ALTER TABLE {} {} TRIGGER {}").format(place, word, trigger))

    def send(self, number: int) -> float:
        """Let the engine write that many mails and the sender send them. Return the seconds that took."""
        import time

        from campaigns.channels.sending import worker as sender
        from campaigns.engine import worker as engine

        now = datetime.now(UTC)
        self.bench.due(self.sending, number, now)
        started = time.perf_counter()
        engine.run_due(now=now, seconds=600)
        sent = sender.send_due(seconds=600).get("sent", 0)
        took = time.perf_counter() - started
        if sent != number:
            raise SystemExit(f"{sent} messages were sent, {number} were expected.")
        return took

    def browser(self) -> Any:
        """Return a browser that is signed in."""
        from django.test import Client

        browser = Client()
        browser.force_login(self.user)
        return browser

    def client(self) -> Any:
        """Return a client of the API."""
        from rest_framework.test import APIClient

        from tenants.accounts.tokens import issue_access_token

        client = APIClient()
        token = issue_access_token(user=self.user, tenant_id=self.tenant)
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
        return client
