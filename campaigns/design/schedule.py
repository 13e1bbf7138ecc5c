"""The settings of a campaign's schedule: when it acts, how much, with whom, and when it stops.

They are stored in ``Campaign.config``. What a campaign leaves out has a default; ``SCHEDULE`` is the JSON Schema.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from enum import StrEnum
from typing import Any, Final, Protocol
from uuid import UUID

from lad.moments import WEEKDAYS
from leads.contactability.decisions import ContactWindow

LEAD_ZONE: Final = "lead"
TENANT_ZONE: Final = "tenant"
MAX_PER_DAY: Final = 1_000_000
MAX_DAYS: Final = 3_650

CLOCK: Final = {"type": "string", "pattern": r"^([01]\d|2[0-3]):[0-5]\d$"}
SHARE: Final = {"type": "number", "minimum": 0, "maximum": 1}
LIMIT: Final = {"type": "integer", "minimum": 1, "maximum": MAX_PER_DAY}
FLAG: Final = {"type": "boolean"}
DAYS: Final = {"type": "array", "items": {"enum": list(WEEKDAYS)}, "uniqueItems": True, "minItems": 1}


class Repetition(StrEnum):
    """When a lead that was enrolled before may be enrolled again."""

    ONCE = "once"
    NOT_WHILE_ACTIVE = "not_while_active"
    ANY = "any"


class ReplyRule(StrEnum):
    """Whose enrolments a reply stops."""

    LEAD = "lead"
    COMPANY = "company"
    NOBODY = "nobody"


SCHEDULE: Final[Mapping[str, Any]] = {
    "window": {
        "type": "object",
        "properties": {
            "start": CLOCK,
            "end": CLOCK,
            "days": DAYS,
            # "lead", "tenant" or the name of a zone.
            "zone": {"type": "string", "minLength": 1, "maxLength": 64},
            "skips_holidays": FLAG,
        },
        "additionalProperties": False,
    },
    "intake_per_day": LIMIT,
    "max_active": LIMIT,
    "daily_cap": LIMIT,
    "exclusive": FLAG,
    "recent_touch_days": {"type": "integer", "minimum": 0, "maximum": MAX_DAYS},
    "re_enrolment": {"enum": list(Repetition)},
    "stop": {
        "type": "object",
        "properties": {"on_reply": {"enum": list(ReplyRule)}, "on_click": FLAG, "on_booking": FLAG},
        "additionalProperties": False,
    },
    "tracking": {
        "type": "object",
        "properties": {"opens": FLAG, "clicks": FLAG},
        "additionalProperties": False,
    },
    "email_accounts": {
        "type": "array",
        "items": {"type": "string", "format": "uuid", "pattern": r"^[0-9a-fA-F-]{36}$"},
        "uniqueItems": True,
        "maxItems": 1_000,
    },
    "breaker": {
        "type": "object",
        "properties": {
            "bounce_rate": SHARE,
            "complaint_rate": SHARE,
            "error_rate": SHARE,
            "minimum": {"type": "integer", "minimum": 1, "maximum": MAX_PER_DAY},
        },
        "additionalProperties": False,
    },
}


class HasConfig(Protocol):
    """A campaign, as far as its schedule is concerned."""

    @property
    def config(self) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class StopRules:
    on_reply: ReplyRule = ReplyRule.LEAD
    on_click: bool = False
    on_booking: bool = True


@dataclass(frozen=True, slots=True)
class Tracking:
    """What is measured of messages. Nothing unless a campaign asks for it."""

    opens: bool = False
    clicks: bool = False


@dataclass(frozen=True, slots=True)
class Breaker:
    """The shares of sent messages at which a campaign is paused, once at least ``minimum`` were sent."""

    bounce_rate: float = 0.08
    complaint_rate: float = 0.003
    error_rate: float = 0.25
    minimum: int = 50


@dataclass(frozen=True, slots=True)
class Schedule:
    """The schedule of one campaign. A limit of None is no limit; no ``email_accounts`` means every active one."""

    window: ContactWindow
    intake_per_day: int | None = None
    max_active: int | None = None
    daily_cap: int | None = None
    exclusive: bool = False
    recent_touch_days: int = 0
    re_enrolment: Repetition = Repetition.ONCE
    stop: StopRules = StopRules()
    tracking: Tracking = Tracking()
    email_accounts: tuple[UUID, ...] = ()
    breaker: Breaker = Breaker()

    @property
    def limits_intake(self) -> bool:
        """Return whether leads start a few at a time."""
        return self.intake_per_day is not None or self.max_active is not None


def schedule_of(campaign: HasConfig) -> Schedule:
    """Return the campaign's schedule."""
    config = campaign.config
    plain = {
        name: config[name]
        for name in ("intake_per_day", "max_active", "daily_cap", "exclusive", "recent_touch_days")
        if config.get(name) is not None
    }
    return Schedule(
        window=_window(config),
        re_enrolment=Repetition(config.get("re_enrolment", Repetition.ONCE)),
        stop=_stop_rules(config.get("stop", {})),
        tracking=Tracking(**config.get("tracking", {})),
        email_accounts=tuple(UUID(each) for each in config.get("email_accounts", ())),
        breaker=Breaker(**config.get("breaker", {})),
        **plain,
    )


def _stop_rules(given: Mapping[str, Any]) -> StopRules:
    values = dict(given)
    return StopRules(on_reply=ReplyRule(values.pop("on_reply", ReplyRule.LEAD)), **values)


def _window(config: Mapping[str, Any]) -> ContactWindow:
    """Return the window: the whole day, unless the campaign narrows it."""
    given = config.get("window", {})
    days = given.get("days") or config.get("working_days") or WEEKDAYS
    return ContactWindow(
        start=time.fromisoformat(given.get("start", "00:00")),
        # Midnight means the end of the day.
        end=time.fromisoformat(given.get("end", "00:00")),
        days=frozenset(WEEKDAYS.index(day) for day in days),
        zone=given.get("zone", LEAD_ZONE),
        skips_holidays=given.get("skips_holidays", True),
    )
