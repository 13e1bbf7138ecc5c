"""Decide from facts: pure functions without a database or a clock."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from leads.contactability.addresses import KIND_OF_CHANNEL, Kind
from leads.contactability.calendar import HORIZON, Hours, next_allowed
from leads.contactability.decisions import (
    LEAD_ZONE,
    TENANT_ZONE,
    ContactWindow,
    Decision,
    Reason,
    ReasonCode,
    Verdict,
    place_in_words,
)
from leads.contactability.facts import Facts, LeadFacts, SuppressionFact
from leads.contactability.limits import free_from
from leads.contactability.models import ConsentStatus, Purpose, SuppressionReason, SuppressionScope
from leads.contactability.whereabouts import Whereabouts, zone_named

# Where no open time is found, the rules are asked again after this: somebody may have changed them.
ASK_AGAIN_AFTER: Final = timedelta(days=1)
# Each round moves on to another day or past another limit.
MAX_ROUNDS: Final = 1_000
ADDRESS_WORDS: Final[Mapping[Kind, str]] = {
    Kind.EMAIL: "e-mail address",
    Kind.PHONE: "telephone number",
    Kind.LINKEDIN: "LinkedIn address",
    Kind.PROFILE: "Instagram or Facebook profile",
}


@dataclass(frozen=True, slots=True)
class _Question:
    channel: str
    purpose: str
    at: datetime
    windows: Mapping[UUID, ContactWindow] | ContactWindow | None
    is_message: bool = True

    def window_of(self, lead_id: UUID) -> ContactWindow | None:
        return self.windows.get(lead_id) if isinstance(self.windows, Mapping) else self.windows


@dataclass(frozen=True, slots=True)
class _LabelledHours:
    """Hours of the policy or of a campaign, and what to say if they are closed."""

    hours: Hours
    code: ReasonCode
    words: str
    holidays: Mapping[date, str]

    def reason(self, at: datetime) -> Reason | None:
        """Return why the hours are closed at a moment, or None if they are open."""
        if self.hours.contain(at):
            return None
        local = at.astimezone(self.hours.zone).date()
        place = place_in_words(self.hours.zone.key)
        if local in self.hours.closed:
            return Reason(ReasonCode.HOLIDAY, self.holidays.get(local, ""))
        if self.code == ReasonCode.QUIET_HOURS and local.weekday() not in self.hours.days:
            return Reason(ReasonCode.CLOSED_DAY, f"{local:%A}")
        return Reason(self.code, f"{self.words} ({place})")


@dataclass(slots=True)
class _Memory:
    """The facts that leads in the same place share."""

    hours: dict[tuple[Whereabouts, ContactWindow | None], list[_LabelledHours]] = field(default_factory=dict)
    openings: dict[tuple[Whereabouts, ContactWindow | None, datetime], "_Opening"] = field(default_factory=dict)
    # Whether the policy's hours of contact apply: they are about messages.
    keeps_policy_hours: bool = True


class _Opening(NamedTuple):
    """When hours are open next, if ever, and why not yet."""

    at: datetime | None
    reasons: Sequence[Reason]


def judge(
    facts: Facts,
    lead_ids: list[UUID],
    *,
    channel: str,
    purpose: str,
    at: datetime,
    windows: Mapping[UUID, ContactWindow] | ContactWindow | None,
    is_message: bool = True,
) -> dict[UUID, Decision]:
    """Return the decision for each lead, in the order of the ids."""
    question, memory = _Question(channel, purpose, at, windows, is_message), _Memory(keeps_policy_hours=is_message)
    return {key: _judge_one(facts, key, question, memory) for key in lead_ids}


def opening(facts: Facts, lead_id: UUID, at: datetime) -> datetime:
    """Return the first moment from ``at`` on that the tenant's hours and days allow where the lead is."""
    lead = facts.leads.get(lead_id)
    if lead is None:
        return at
    found = _opening(facts, lead.place, None, at, _Memory()).at
    return at + ASK_AGAIN_AFTER if found is None else found


def _judge_one(facts: Facts, lead_id: UUID, question: _Question, memory: _Memory) -> Decision:
    lead = facts.leads.get(lead_id)
    if lead is None:
        return _decided(lead_id, question, Verdict.REFUSE, [Reason(ReasonCode.LEAD_MISSING)])
    place = lead.place
    suppressions = facts.suppressions_of(lead, question.channel)
    refusals = list(_refusals(facts, lead, question, suppressions))
    if refusals:
        return _decided(lead_id, question, Verdict.REFUSE, refusals, place=place)
    moment, reasons = _after_suppressions(suppressions, question)
    if question.purpose != Purpose.SERVICE:
        moment, limits = _first_moment(facts, lead, question, moment, memory)
        reasons += limits
    if moment == question.at:
        return _decided(lead_id, question, Verdict.ALLOW, [], place=place)
    return _decided(lead_id, question, Verdict.DEFER, reasons, until=moment, place=place)


def _decided(
    lead_id: UUID,
    question: _Question,
    verdict: Verdict,
    reasons: list[Reason],
    *,
    until: datetime | None = None,
    place: Whereabouts | None = None,
) -> Decision:
    distinct = tuple(dict.fromkeys(reasons)) if len(reasons) > 1 else tuple(reasons)
    zone = place.zones[0].key if place else ""
    asked = (lead_id, question.channel, question.purpose, question.at)
    return Decision(*asked, verdict, until, distinct, zone, str(place or ""))


def _refusals(
    facts: Facts, lead: LeadFacts, question: _Question, suppressions: list[SuppressionFact]
) -> Iterator[Reason]:
    if lead.is_archived:
        yield Reason(ReasonCode.LEAD_ARCHIVED)
    kind = KIND_OF_CHANNEL[question.channel]
    if kind not in lead.hashes:
        yield Reason(ReasonCode.NO_ADDRESS, ADDRESS_WORDS[kind])
    for each in suppressions:
        if each.expires_at is None and not _is_mere_stop(each, question):
            domain = each.scope == SuppressionScope.DOMAIN
            code = ReasonCode.COMPANY_SUPPRESSED if domain else ReasonCode.SUPPRESSED
            yield Reason(code, reason_in_words(each.reason))
    if question.purpose != Purpose.SERVICE:
        consent = facts.consents.get((lead.id, question.channel))
        if consent == ConsentStatus.WITHDRAWN:
            yield Reason(ReasonCode.CONSENT_WITHDRAWN)
        elif consent is None and question.channel in facts.rules.consent_required:
            yield Reason(ReasonCode.CONSENT_MISSING)


def _after_suppressions(suppressions: list[SuppressionFact], question: _Question) -> tuple[datetime, list[Reason]]:
    """Return when the last temporary suppression ends, with the suppressions. They have no others left."""
    moment, reasons = question.at, []
    for each in suppressions:
        if each.expires_at is None or _is_mere_stop(each, question):
            continue
        moment = max(moment, each.expires_at)
        if each.reason == SuppressionReason.COMPANY_REPLIED:
            reasons.append(Reason(ReasonCode.COMPANY_STOPPED))
        else:
            reasons.append(Reason(ReasonCode.SUPPRESSED_FOR_NOW, reason_in_words(each.reason)))
    return moment, reasons


def _is_mere_stop(each: SuppressionFact, question: _Question) -> bool:
    """Return whether the company is left alone because somebody there answered. Whoever answered gets an answer."""
    return question.purpose == Purpose.SERVICE and each.reason == SuppressionReason.COMPANY_REPLIED


def reason_in_words(reason: str) -> str:
    """Return the reason of a suppression as a part of a sentence."""
    label = SuppressionReason(reason).label if reason in SuppressionReason.values else reason
    return f"{label[:1].lower()}{label[1:]}"


def _first_moment(
    facts: Facts, lead: LeadFacts, question: _Question, at: datetime, memory: _Memory
) -> tuple[datetime, list[Reason]]:
    """Return the first moment from ``at`` on that hours and limits allow, with those that stood in the way."""
    window = question.window_of(lead.id)
    touches = facts.touches.get(lead.id) if question.is_message else None
    reasons: list[Reason] = []
    moment, limit = at, question.at + HORIZON
    for _round in range(MAX_ROUNDS):
        opening, closed = _opening(facts, lead.place, window, moment, memory)
        reasons += closed
        if opening is None or opening > limit:
            break
        if not touches:
            return opening, reasons
        moment, reached = free_from(opening, touches, question.channel, facts.rules, lead.place.zones)
        if not reached:
            return opening, reasons
        reasons += reached
    return question.at + ASK_AGAIN_AFTER, [Reason(ReasonCode.NO_OPEN_TIME, str(HORIZON.days)), *reasons]


def _opening(facts: Facts, place: Whereabouts, window: ContactWindow | None, at: datetime, memory: _Memory) -> _Opening:
    key = (place, window, at)
    known = memory.openings.get(key)
    if known is None:
        hours = _hours_of(facts, place, window, memory)
        found = next_allowed(at, *(each.hours for each in hours))
        closed = [] if found == at else [reason for each in hours if (reason := each.reason(at)) is not None]
        known = memory.openings[key] = _Opening(at if found == at else found, closed)
    return known


def _hours_of(facts: Facts, place: Whereabouts, window: ContactWindow | None, memory: _Memory) -> list[_LabelledHours]:
    """Return the hours that must all be open: the policy's and the campaign's, in each zone that is possible."""
    key = (place, window)
    found = memory.hours.get(key)
    if found is None:
        policy = _policy_hours(facts, place) if memory.keeps_policy_hours else ()
        found = memory.hours[key] = [*policy, *_window_hours(facts, place, window)]
    return found


def _policy_hours(facts: Facts, place: Whereabouts) -> Iterator[_LabelledHours]:
    rules = facts.rules
    holidays = rules.closed_in(place.country) if rules.skips_holidays else {}
    words = f"{rules.start:%H:%M} to {rules.end:%H:%M}"
    for zone in place.zones:
        hours = Hours(zone, rules.start, rules.end, rules.days, frozenset(holidays))
        yield _LabelledHours(hours, ReasonCode.QUIET_HOURS, words, holidays)


def _window_hours(facts: Facts, place: Whereabouts, window: ContactWindow | None) -> Iterator[_LabelledHours]:
    if window is None:
        return
    holidays = facts.rules.closed_in(place.country) if window.skips_holidays else {}
    for zone in _zones_of(window, place, facts.rules.zone):
        hours = Hours(zone, window.start, window.end, window.days, frozenset(holidays))
        yield _LabelledHours(hours, ReasonCode.OUTSIDE_WINDOW, window.in_words(), holidays)


def _zones_of(window: ContactWindow, place: Whereabouts, tenant_zone: str) -> tuple[ZoneInfo, ...]:
    if window.zone == LEAD_ZONE:
        return place.zones
    return (zone_named(tenant_zone if window.zone == TENANT_ZONE else window.zone),)
