"""The contestant of campaigns.py: the engine's work on the same tables in as little SQL as it takes, without Django.

A batch claims due enrolments, ends their delay, and either queues a message under a decision or ends the enrolment
and writes its event, in one transaction.
"""

import json
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final
from uuid import UUID, uuid4

import psycopg

BATCH: Final = 500
CLAIM: Final = """
SELECT id, lead_id, step_entered_at FROM campaign_leads
WHERE tenant_id = %s AND campaign_id = %s AND next_action_at <= %s AND deleted_at IS NULL
ORDER BY next_action_at LIMIT %s FOR NO KEY UPDATE SKIP LOCKED
"""
ADVANCE: Final = """
UPDATE campaign_leads SET next_step_id = %s, step_entered_at = %s, next_action_at = NULL, reason = %s, status = %s,
    current_step_order = 2, completed_at = %s
WHERE tenant_id = %s AND id = ANY(%s)
"""
ACTIVITIES: Final = """
INSERT INTO campaign_lead_activities (id, tenant_id, campaign_id, campaign_lead_id, step_id, channel, step_type,
    action_type, status, subject, message_content, metadata, executed_at)
SELECT id, %s, %s, enrolment, step, channel, type, type, status, subject, body, metadata, executed_at
FROM json_to_recordset(%s) AS new (id uuid, enrolment uuid, step uuid, channel text, type text, status text,
    subject text, body text, metadata jsonb, executed_at timestamptz)
"""
MESSAGES: Final = """
INSERT INTO messages (id, tenant_id, lead_id, campaign_id, campaign_lead_id, step_id, activity_id, email_account_id,
    channel, direction, state, from_address, to_address, subject, body, message_id, decision, next_attempt_at)
SELECT id, %s, lead, %s, enrolment, %s, activity, %s, 'email', 'outbound', 'queued', 'a@b.example', address, subject,
    body, '<' || id || '@b.example>', decision, %s
FROM json_to_recordset(%s) AS new (id uuid, lead uuid, enrolment uuid, activity uuid, address text, subject text,
    body text, decision jsonb)
"""
EVENTS: Final = """
INSERT INTO domain_events (id, tenant_id, event_type, aggregate_type, aggregate_id, payload, metadata)
SELECT gen_random_uuid(), %s, 'campaigns.lead.ended', 'campaigns.lead', id, '{"status": "completed"}', '{}'
FROM unnest(%s::uuid[]) AS id
"""
# What a decision reads: the leads, the policy with its holidays, suppressions, and contacts and consents.
LEADS: Final = """
SELECT leads.id, leads.email, leads.phone, leads.location, leads.is_archived, lead_social.data
FROM leads LEFT JOIN lead_social ON lead_social.tenant_id = leads.tenant_id AND lead_social.lead_id = leads.id
WHERE leads.tenant_id = %s AND leads.id = ANY(%s) AND leads.deleted_at IS NULL
"""
RULES: Final = """
SELECT tenants.timezone, policy.*, (SELECT json_agg(day) FROM contact_holidays WHERE tenant_id = tenants.id)
FROM tenants LEFT JOIN contact_policies AS policy ON policy.tenant_id = tenants.id WHERE tenants.id = %s
"""
SUPPRESSIONS: Final = """
SELECT address_hash, channel, expires_at FROM suppressions
WHERE tenant_id = %s AND address_hash = ANY(%s) AND deleted_at IS NULL
"""
HISTORY: Final = """
SELECT lead_id, channel, occurred_at FROM lead_touches
WHERE tenant_id = %s AND lead_id = ANY(%s) AND occurred_at > %s
UNION ALL
SELECT DISTINCT ON (lead_id) lead_id, status, given_at FROM consent_records
WHERE tenant_id = %s AND lead_id = ANY(%s) AND channel = 'email'
"""
WEEK: Final = timedelta(days=7)


class RawEngine:
    """Works on one campaign. ``second`` is the step after the delay: an e-mail, or None for the end."""

    def __init__(
        self, database: psycopg.Connection[Any], tenant: UUID, campaign: UUID, steps: list[UUID], account: UUID
    ) -> None:
        self._database = database
        self._tenant, self._campaign, self._account = tenant, campaign, account
        self._delay, self._second = steps[0], steps[1] if len(steps) > 1 else None

    def run(self, now: datetime) -> int:
        """Work until nothing is due. Return how many enrolments there were."""
        total = 0
        while True:
            with self._database.transaction():
                claim = [self._tenant, self._campaign, now, BATCH]
                claimed = self._database.execute(CLAIM, claim).fetchall()
                if not claimed:
                    return total
                self._write(claimed, now)
            total += len(claimed)

    def _write(self, claimed: list[tuple[UUID, UUID, datetime]], now: datetime) -> None:
        activities = [self._activity(row[0], self._delay, "delay", "delivered", now) for row in claimed]
        ids = [row[0] for row in claimed]
        if self._second is not None:
            messages = self._messages(claimed, now)
            activities += [
                self._activity(each["enrolment"], self._second, "email_send", "queued", None, each) for each in messages
            ]
            sent = [self._tenant, self._campaign, self._second, self._account, now, json.dumps(messages, default=str)]
            self._database.execute(MESSAGES, sent)
            values: list[Any] = [self._second, now, "sending", "active", None]
        else:
            self._database.execute(EVENTS, [self._tenant, ids])
            values = [None, None, "finished", "completed", now]
        self._database.execute(ADVANCE, [*values, self._tenant, ids])
        self._database.execute(ACTIVITIES, [self._tenant, self._campaign, json.dumps(activities, default=str)])

    def _messages(self, claimed: list[tuple[UUID, UUID, datetime]], now: datetime) -> list[dict[str, Any]]:
        """Read what a decision reads, and write one message for each lead."""
        lead_ids = [row[1] for row in claimed]
        read = self._database.execute
        leads = {row[0]: row for row in read(LEADS, [self._tenant, lead_ids]).fetchall()}
        hashes = [sha256(row[1].encode()).hexdigest() for row in leads.values()]
        read(RULES, [self._tenant]).fetchall()
        read(SUPPRESSIONS, [self._tenant, hashes]).fetchall()
        read(HISTORY, [self._tenant, lead_ids, now - WEEK, self._tenant, lead_ids]).fetchall()
        decision = {"verdict": "allow", "at": now.isoformat(), "channel": "email", "purpose": "outreach", "reasons": []}
        return [
            {
                "id": uuid4(),
                "activity": uuid4(),
                "lead": lead,
                "enrolment": enrolment,
                "address": leads[lead][1],
                "subject": "Hello Maya",
                "body": "How is Northwind?",
                "decision": decision,
            }
            for enrolment, lead, _entered in claimed
        ]

    @staticmethod
    def _activity(
        enrolment: UUID, step: UUID, kind: str, status: str, at: datetime | None, message: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        return {
            "id": message["activity"] if message else uuid4(),
            "enrolment": enrolment,
            "step": step,
            "channel": "email" if message else None,
            "type": kind,
            "status": status,
            "subject": message["subject"] if message else "",
            "body": message["body"] if message else "",
            "metadata": {"decision": message["decision"]} if message else {},
            "executed_at": at,
        }
