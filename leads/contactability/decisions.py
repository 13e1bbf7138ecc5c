"""Whether a lead may be contacted, and why: what ``services.decide`` answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from leads.channels import Channel
from leads.contactability.calendar import ALL_DAYS, MIDNIGHT
from leads.contactability.whereabouts import UTC_NAME, zone_named

LEAD_ZONE: Final = "lead"
TENANT_ZONE: Final = "tenant"


class Verdict(StrEnum):
    """A deferral ends by itself at a known time. A refusal holds until somebody changes something."""

    ALLOW = "allow"
    DEFER = "defer"
    REFUSE = "refuse"


class ReasonCode(StrEnum):
    """Why a lead may not be contacted, or not yet. A closed list: ``SENTENCES`` has a sentence for each."""

    LEAD_MISSING = "lead_missing"
    LEAD_ARCHIVED = "lead_archived"
    NO_ADDRESS = "no_address"
    SUPPRESSED = "suppressed"
    COMPANY_SUPPRESSED = "company_suppressed"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    CONSENT_MISSING = "consent_missing"
    SUPPRESSED_FOR_NOW = "suppressed_for_now"
    COMPANY_STOPPED = "company_stopped"
    QUIET_HOURS = "quiet_hours"
    CLOSED_DAY = "closed_day"
    HOLIDAY = "holiday"
    OUTSIDE_WINDOW = "outside_window"
    DAILY_LIMIT = "daily_limit"
    WEEKLY_LIMIT = "weekly_limit"
    CHANNEL_DAILY_LIMIT = "channel_daily_limit"
    CHANNEL_WEEKLY_LIMIT = "channel_weekly_limit"
    NO_OPEN_TIME = "no_open_time"


HOURS_AND_DAYS: Final = frozenset(
    {ReasonCode.QUIET_HOURS, ReasonCode.CLOSED_DAY, ReasonCode.HOLIDAY, ReasonCode.OUTSIDE_WINDOW}
)
# ``{detail}`` is what the reason adds; ``{channel}`` is the channel's name in a sentence.
SENTENCES: Final[Mapping[str, str]] = {
    ReasonCode.LEAD_MISSING: "the lead does not exist any more",
    ReasonCode.LEAD_ARCHIVED: "the lead is archived",
    ReasonCode.NO_ADDRESS: "the lead has no {detail}",
    ReasonCode.SUPPRESSED: "the lead is on the do-not-contact list ({detail})",
    ReasonCode.COMPANY_SUPPRESSED: "the company is on the do-not-contact list ({detail})",
    ReasonCode.CONSENT_WITHDRAWN: "the lead withdrew consent to {channel}",
    ReasonCode.CONSENT_MISSING: "the policy requires consent to {channel}, and none is on record",
    ReasonCode.SUPPRESSED_FOR_NOW: "the lead is on the do-not-contact list for now ({detail})",
    ReasonCode.COMPANY_STOPPED: "somebody at the company answered, and the colleagues are left alone for now",
    ReasonCode.QUIET_HOURS: "contact hours are {detail}",
    ReasonCode.CLOSED_DAY: "there is no outreach on a {detail}",
    ReasonCode.HOLIDAY: "it is a holiday ({detail})",
    ReasonCode.OUTSIDE_WINDOW: "the campaign's hours are {detail}",
    ReasonCode.DAILY_LIMIT: "the lead was contacted as often as allowed in a day ({detail})",
    ReasonCode.WEEKLY_LIMIT: "the lead was contacted as often as allowed in seven days ({detail})",
    ReasonCode.CHANNEL_DAILY_LIMIT: "the lead was contacted by {channel} as often as allowed in a day ({detail})",
    ReasonCode.CHANNEL_WEEKLY_LIMIT: "the lead was contacted by {channel} as often as allowed in seven days ({detail})",
    ReasonCode.NO_OPEN_TIME: (
        "no time within {detail} days is allowed by all hours, days, holidays and time zones that apply; change the"
        " contact policy, the campaign's hours or the lead's location"
    ),
}

IN_A_SENTENCE: Final[Mapping[str, str]] = {
    Channel.LINKEDIN: "LinkedIn",
    Channel.EMAIL: "e-mail",
    Channel.VOICE: "telephone",
    Channel.WHATSAPP: "WhatsApp",
    Channel.SMS: "SMS",
    Channel.WEB: "social networks",
}


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason: a ReasonCode, and what it adds, for example the limit."""

    code: str
    detail: str = ""

    def sentence(self, channel: str) -> str:
        """Return the reason as a part of a sentence."""
        text = SENTENCES.get(self.code, self.code)
        return text.format(detail=self.detail, channel=IN_A_SENTENCE.get(channel, channel))


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a lead may be contacted on a channel at a time.

    ``until`` is the first moment at which a deferred lead may be contacted by what is known now; then ask again.
    ``zone`` is the lead's time zone, for people; empty if the lead is gone. ``place`` is its country and all zones in
    which it may be: leads at the same place keep the same hours.
    """

    lead_id: UUID
    channel: str
    purpose: str
    at: datetime
    verdict: Verdict
    until: datetime | None = None
    reasons: tuple[Reason, ...] = ()
    zone: str = ""
    place: str = ""

    @property
    def allowed(self) -> bool:
        return self.verdict == Verdict.ALLOW

    @property
    def waits_for_hours(self) -> bool:
        """Return whether it waits for hours and days alone, as everybody at the same place does."""
        return self.verdict == Verdict.DEFER and all(each.code in HOURS_AND_DAYS for each in self.reasons)

    def as_json(self) -> dict[str, Any]:
        """Return the decision as JSON can store it."""
        return {
            "lead_id": str(self.lead_id),
            "channel": str(self.channel),
            "purpose": str(self.purpose),
            "at": self.at.isoformat(),
            "verdict": str(self.verdict),
            "until": self.until.isoformat() if self.until else None,
            "reasons": [{"code": str(each.code), "detail": each.detail} for each in self.reasons],
            "zone": self.zone,
            "place": self.place,
        }

    def explained(self) -> dict[str, Any]:
        """Return the decision as JSON can store it, with its sentence, which people are shown later."""
        return {**self.as_json(), "sentence": self.sentence()}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Decision":
        """Return the decision that ``as_json`` stored."""
        until = stored.get("until")
        return cls(
            lead_id=UUID(stored["lead_id"]),
            channel=stored["channel"],
            purpose=stored["purpose"],
            at=datetime.fromisoformat(stored["at"]),
            verdict=Verdict(stored["verdict"]),
            until=datetime.fromisoformat(until) if until else None,
            reasons=tuple(Reason(each["code"], each.get("detail", "")) for each in stored.get("reasons", ())),
            zone=stored.get("zone", ""),
            place=stored.get("place", ""),
        )

    def sentence(self) -> str:
        """Return the decision in words: "Not before Mon 30 Nov 2026, 09:00 (Berlin): contact hours are …"."""
        why = "; ".join(each.sentence(self.channel) for each in self.reasons)
        if self.verdict == Verdict.ALLOW:
            return "Allowed now."
        if self.verdict == Verdict.REFUSE or self.until is None:
            return f"Not allowed: {why}."
        return f"Not before {self.moment()}: {why}."

    def moment(self) -> str:
        """Return when a deferral ends, by the lead's clock; an empty string for other verdicts."""
        if self.until is None:
            return ""
        zone = self.zone or UTC_NAME
        return f"{self.until.astimezone(zone_named(zone)):%a %d %b %Y, %H:%M} ({place_in_words(zone)})"


@dataclass(frozen=True, slots=True)
class ContactWindow:
    """The hours of a campaign: open on ``days`` (0 for Monday) from ``start`` to before ``end``.

    ``zone`` is ``"lead"``, ``"tenant"`` or the IANA name of a time zone. An ``end`` of midnight is the end of the
    day; hours that end before they start are open from midnight to ``end`` and from ``start`` to midnight.
    """

    start: time = MIDNIGHT
    end: time = MIDNIGHT
    days: frozenset[int] = ALL_DAYS
    zone: str = LEAD_ZONE
    skips_holidays: bool = False

    def in_words(self) -> str:
        """Return the hours in words, for example "09:00 to 17:00, Mon, Tue"."""
        hours = "all day" if self.start == self.end == MIDNIGHT else f"{self.start:%H:%M} to {self.end:%H:%M}"
        names = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
        return hours if self.days == ALL_DAYS else f"{hours}, {', '.join(names[day] for day in sorted(self.days))}"


def place_in_words(zone: str) -> str:
    """Return the city of a time zone's name: ``Berlin`` for ``Europe/Berlin``."""
    return zone.rpartition("/")[2].replace("_", " ")
