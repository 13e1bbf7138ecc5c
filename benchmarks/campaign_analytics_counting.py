"""Count the figures of a campaign from its rows by plain SQL. Nothing here is shared with LAD's own counting."""

from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

import psycopg

# One row for each lead: when it was first contacted and what it did. Each channel has its own rule of delivery.
LEADS: Final = """
CREATE TEMPORARY TABLE leads_told AS
WITH sent AS (
    SELECT *, CASE WHEN channel IN ('whatsapp', 'sms')
        THEN bounced_at IS NULL AND (delivered_at IS NOT NULL OR opened_at IS NOT NULL OR replied_at IS NOT NULL)
        ELSE bounced_at IS NULL END AS arrived
    FROM messages WHERE campaign_id = %(campaign)s AND direction = 'outbound' AND state = 'sent'
), mails AS (
    SELECT campaign_lead_id AS lead, min(occurred_at) AS contacted, bool_or(arrived) AS delivered,
        min(least(opened_at, clicked_at)) AS opened, min(clicked_at) AS clicked, min(replied_at) AS replied,
        min(bounced_at) AS bounced
    FROM sent GROUP BY 1
), calls AS (
    SELECT campaign_lead_id AS lead, min(executed_at) AS contacted FROM campaign_lead_activities
    WHERE campaign_id = %(campaign)s AND step_type = 'voice_agent_call' AND status = 'delivered' GROUP BY 1
), connections AS (
    SELECT campaign_lead_id AS lead, min(executed_at) AS connected FROM campaign_lead_activities
    WHERE campaign_id = %(campaign)s AND status = 'connected' GROUP BY 1
), splits AS (
    SELECT campaign_lead_id AS lead, min(step_id::text)::uuid AS split, min(metadata ->> 'variant') AS variant,
        min(executed_at) AS given
    FROM campaign_lead_activities WHERE campaign_id = %(campaign)s AND metadata ? 'variant' GROUP BY 1
), leavers AS (
    SELECT m.campaign_lead_id AS lead, min(e.occurred_at) AS unsubscribed
    FROM message_events AS e JOIN messages AS m ON m.id = e.message_id
    WHERE m.campaign_id = %(campaign)s AND e.kind = 'unsubscribed' GROUP BY 1
)
SELECT cl.id, cl.status, cl.reason, cl.created_at, cl.started_at, cl.completed_at,
    least(mails.contacted, calls.contacted) AS contacted,
    coalesce(mails.delivered, false) OR calls.lead IS NOT NULL AS delivered,
    mails.opened, mails.clicked, mails.replied, mails.bounced, connections.connected, leavers.unsubscribed,
    splits.split, splits.variant, splits.given
FROM campaign_leads AS cl LEFT JOIN mails ON mails.lead = cl.id LEFT JOIN calls ON calls.lead = cl.id
LEFT JOIN connections ON connections.lead = cl.id LEFT JOIN splits ON splits.lead = cl.id
LEFT JOIN leavers ON leavers.lead = cl.id
WHERE cl.campaign_id = %(campaign)s AND cl.deleted_at IS NULL
"""
WITHIN: Final = "({time} AT TIME ZONE 'UTC')::date BETWEEN %(since)s AND %(until)s"
REACHED: Final = WITHIN.format(time="contacted")
PEOPLE: Final = f"""
SELECT count(*) FILTER (WHERE {WITHIN.format(time="created_at")}),
    count(*) FILTER (WHERE {REACHED}), count(*) FILTER (WHERE {REACHED} AND delivered),
    count(opened) FILTER (WHERE {REACHED}), count(clicked) FILTER (WHERE {REACHED}),
    count(replied) FILTER (WHERE {REACHED}), count(connected) FILTER (WHERE {REACHED}),
    count(bounced) FILTER (WHERE {REACHED}), count(unsubscribed) FILTER (WHERE {REACHED}),
    count(*) FILTER (WHERE reason IN ('goal_reached', 'booked') AND {WITHIN.format(time="completed_at")})
FROM leads_told
"""
COHORTS: Final = """
SELECT date_trunc('week', started_at AT TIME ZONE 'UTC')::date, count(*), count(contacted),
    count(replied) FILTER (WHERE contacted IS NOT NULL), count(bounced) FILTER (WHERE contacted IS NOT NULL)
FROM leads_told WHERE started_at IS NOT NULL
    AND date_trunc('week', started_at AT TIME ZONE 'UTC')::date BETWEEN %(since)s AND %(until)s
GROUP BY 1
"""
VARIANTS: Final = f"""
SELECT split, variant, count(*),
    count(*) FILTER (WHERE replied >= given AND contacted IS NOT NULL),
    count(*) FILTER (WHERE opened >= given AND contacted IS NOT NULL),
    count(*) FILTER (WHERE clicked >= given AND contacted IS NOT NULL)
FROM leads_told WHERE split IS NOT NULL AND {WITHIN.format(time="given")} GROUP BY 1, 2
"""
DAYS: Final = f"""
SELECT (moment AT TIME ZONE 'UTC')::date, count(*) FILTER (WHERE what = 'sent'),
    count(*) FILTER (WHERE what = 'contacted'), count(*) FILTER (WHERE what = 'opened'),
    count(*) FILTER (WHERE what = 'replied')
FROM (
    SELECT 'sent' AS what, occurred_at AS moment FROM messages
    WHERE campaign_id = %(campaign)s AND direction = 'outbound' AND state = 'sent'
    UNION ALL SELECT 'contacted', contacted FROM leads_told WHERE contacted IS NOT NULL
    UNION ALL SELECT 'opened', opened FROM leads_told WHERE opened IS NOT NULL AND contacted IS NOT NULL
    UNION ALL SELECT 'replied', replied FROM leads_told WHERE replied IS NOT NULL AND contacted IS NOT NULL
) AS happened WHERE {WITHIN.format(time="moment")} GROUP BY 1
"""
SENT: Final = f"""
SELECT channel, coalesce(email_account_id, linkedin_account_id, channel_account_id), step_id, count(*),
    count(*) FILTER (WHERE bounced_at IS NULL AND (channel NOT IN ('whatsapp', 'sms') OR delivered_at IS NOT NULL
        OR opened_at IS NOT NULL OR replied_at IS NOT NULL)),
    count(*) FILTER (WHERE opened_at IS NOT NULL OR clicked_at IS NOT NULL), count(clicked_at), count(replied_at),
    count(bounced_at), count(*) FILTER (WHERE action = 'invitation')
FROM messages WHERE campaign_id = %(campaign)s AND direction = 'outbound' AND state = 'sent'
    AND {WITHIN.format(time="occurred_at")}
GROUP BY 1, 2, 3
"""
DONE: Final = f"""
SELECT step_id, step_type, coalesce(channel, ''), status, coalesce(metadata ->> 'outcome', ''), count(*)
FROM campaign_lead_activities WHERE campaign_id = %(campaign)s AND {WITHIN.format(time="executed_at")}
GROUP BY 1, 2, 3, 4, 5
"""
STANDING: Final = """
SELECT next_step_id, count(*) FROM campaign_leads
WHERE campaign_id = %(campaign)s AND deleted_at IS NULL AND status IN ('pending', 'active') GROUP BY 1
"""
STATES: Final = """
SELECT status, count(*) FROM campaign_leads WHERE campaign_id = %(campaign)s AND deleted_at IS NULL GROUP BY 1
"""
GONE_WELL: Final = ("sent", "delivered", "opened", "clicked", "connected", "replied")
MEASURES: Final = ("sent", "delivered", "opened", "clicked", "replied", "bounced")
ALWAYS: Final = (date(1900, 1, 1), date(9999, 1, 1))


@dataclass(slots=True)
class Expected:
    """What the figures must be."""

    people: dict[str, int]
    people_of_all: dict[str, int]
    rates: dict[str, tuple[int, int]]
    steps: dict[UUID, dict[str, int]]
    variants: dict[tuple[UUID, str], tuple[int, ...]]
    channels: dict[str, dict[str, int]]
    accounts: dict[UUID | None, tuple[int, ...]]
    cohorts: dict[date, tuple[int, ...]]
    days: dict[date, tuple[int, ...]]
    states: dict[str, int]
    waiting: int


class Recount:
    """Counts one campaign. The leads are told once."""

    def __init__(self, database: psycopg.Connection[Any], tenant: UUID, campaign: UUID) -> None:
        self._database, self._values = database, {"tenant": tenant, "campaign": campaign}
        database.execute("DROP TABLE IF EXISTS leads_told")
        database.execute(LEADS, self._values)

    def report(self, since: date | None, until: date | None) -> Expected:
        """Return the figures of all days, or of those."""
        values = {**self._values, "since": since or ALWAYS[0], "until": until or ALWAYS[1]}
        everything = since is None and until is None
        people = self._people(values)
        channels, accounts, steps, invited = self._sent(values)
        connected = self._activities(values, channels, steps, everything=everything)
        contacted, delivered = people["contacted"], people["delivered"]
        states = dict(self._rows(STATES, values))
        return Expected(
            people=people,
            people_of_all=people if everything else self._people({**values, "since": ALWAYS[0], "until": ALWAYS[1]}),
            rates={
                "delivered": (delivered, contacted),
                "opened": (people["opened"], delivered),
                "clicked": (people["clicked"], delivered),
                "connected": (connected, invited),
                "replied": (people["answered"], contacted),
                "interested": (0, contacted),
                "booked": (0, contacted),
                "bounced": (people["bounced"], contacted),
                "unsubscribed": (people["unsubscribed"], contacted),
            },
            steps=steps,
            variants={(row[0], row[1]): tuple(row[2:]) for row in self._rows(VARIANTS, values)},
            channels={name: numbers for name, numbers in channels.items() if any(numbers.values())},
            accounts={key: tuple(numbers[n] for n in ("sent", "delivered", "opened", "replied", "bounced"))
                      for key, numbers in accounts.items()},
            cohorts={row[0]: tuple(row[1:]) for row in self._rows(COHORTS, values)},
            days={row[0]: tuple(row[1:]) for row in self._rows(DAYS, values)},
            states=states,
            waiting=states.get("pending", 0) + states.get("active", 0),
        )  # fmt: skip

    def _rows(self, query: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
        return self._database.execute(query, values).fetchall()

    def _people(self, values: dict[str, Any]) -> dict[str, int]:
        names = ("enrolled", "contacted", "delivered", "opened", "clicked", "answered", "connected", "bounced",
                 "unsubscribed", "goal")  # fmt: skip
        [row] = self._rows(PEOPLE, values)
        return dict(zip(names, row, strict=True))

    def _sent(self, values: dict[str, Any]) -> tuple[Any, Any, Any, int]:
        channels: dict[str, dict[str, int]] = {}
        accounts: dict[UUID | None, dict[str, int]] = {}
        steps: dict[UUID, dict[str, int]] = {}
        invited = 0
        for channel, account, step, *numbers in self._rows(SENT, values):
            invited += numbers.pop()
            targets = [channels.setdefault(channel, {}), accounts.setdefault(account, {})]
            for name, number in zip(MEASURES, numbers, strict=True):
                for target in targets:
                    target[name] = target.get(name, 0) + number
            said = steps.setdefault(step, {})
            for name, shown in (("opened", "opened"), ("clicked", "clicked"), ("replied", "answered"),
                                ("bounced", "bounced")):  # fmt: skip
                said[shown] = said.get(shown, 0) + numbers[MEASURES.index(name)]
        return channels, accounts, steps, invited

    def _activities(
        self, values: dict[str, Any], channels: Any, steps: dict[UUID, dict[str, int]], *, everything: bool
    ) -> int:
        """Add what activities say. Return how many connected."""
        connected = 0
        standing = {step: number for step, number in self._rows(STANDING, values) if step is not None}
        reached: dict[UUID, int] = {}
        for step, type_, channel, status, outcome, number in self._rows(DONE, values):
            line = steps.setdefault(step, {})
            reached[step] = reached.get(step, 0) + number
            connected += number if status == "connected" else 0
            reaching = bool(channel)
            well = status in GONE_WELL
            for name, is_it in (("sent", reaching and well), ("done", not reaching and well),
                                ("failed", status == "failed")):  # fmt: skip
                line[name] = line.get(name, 0) + (number if is_it else 0)
            if channel:
                told = channels.setdefault(channel, {})
                told["failed"] = told.get("failed", 0) + (number if status == "failed" else 0)
            if type_ == "voice_agent_call":
                told = channels[channel]
                told["calls"] = told.get("calls", 0) + number
                answered = status == "delivered" and outcome == "answered"
                told["calls_answered"] = told.get("calls_answered", 0) + (number if answered else 0)
                for name in ("sent", "delivered"):
                    told[name] = told.get(name, 0) + (number if status == "delivered" else 0)
        for (step,) in self._rows("SELECT id FROM campaign_steps WHERE campaign_id = %(campaign)s", values):
            line = steps.setdefault(step, {})
            line["reached"] = reached.get(step, 0) + (standing.get(step, 0) if everything else 0)
            line["waiting"] = standing.get(step, 0)
            for name in ("sent", "done", "failed", "opened", "clicked", "answered", "bounced"):
                line.setdefault(name, 0)
        return connected
