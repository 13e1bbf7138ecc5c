"""The facts that a decision depends on, as ``selectors.read`` reads them."""

from collections import ChainMap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Final, NamedTuple
from uuid import UUID

from leads.contactability.addresses import KIND_OF_CHANNEL, Kind
from leads.contactability.models import ALL_CHANNELS, SuppressionReason, SuppressionScope
from leads.contactability.public_holidays import public_holidays
from leads.contactability.whereabouts import Whereabouts

# They are about one address. The person may be contacted at another one.
ABOUT_THE_ADDRESS: Final = frozenset({SuppressionReason.BOUNCED, SuppressionReason.SOFT_BOUNCES})


class SuppressionFact(NamedTuple):
    """A live suppression, as far as a decision needs it."""

    address_hash: str
    channel: str
    scope: str
    reason: str
    expires_at: datetime | None
    lead_id: UUID | None


class TouchFact(NamedTuple):
    """A counted contact with a lead."""

    channel: str
    at: datetime


class Caps(NamedTuple):
    """The most contacts with one lead in a day and in seven days. None is no limit."""

    per_day: int | None = None
    per_week: int | None = None


@dataclass(frozen=True, slots=True)
class Rules:
    """A tenant's policy, time zone and holidays.

    ``holidays`` are the tenant's own: names by day, by country; "" is everywhere. ``public`` are the countries whose
    public holidays count, None for all, from ``first_day`` to ``last_day``.
    """

    zone: str
    country: str
    start: time
    end: time
    days: frozenset[int]
    skips_holidays: bool
    consent_required: frozenset[str]
    caps: Mapping[str, Caps]
    total: Caps
    holidays: Mapping[str, Mapping[date, str]] = field(default_factory=dict)
    public: frozenset[str] | None = frozenset()
    first_day: date = date.min
    last_day: date = date.min

    def closed_in(self, country: str) -> Mapping[date, str]:
        """Return the holidays that count for somebody in the country. The tenant's own names come first."""
        counts = country and (self.public is None or country in self.public)
        found = [
            public_holidays(country, self.first_day, self.last_day) if counts else {},
            self.holidays.get(country, {}) if country else {},
            self.holidays.get("", {}),
        ]
        found = [each for each in found if each]
        return dict(ChainMap(*map(dict, reversed(found)))) if len(found) > 1 else (found[0] if found else {})


@dataclass(frozen=True, slots=True)
class LeadFacts:
    """A lead, and what is on record about contacting them."""

    id: UUID
    is_archived: bool
    hashes: Mapping[Kind, Sequence[str]]
    domain_hashes: Sequence[str]
    place: Whereabouts


@dataclass(slots=True)
class Facts:
    """All that decisions about a set of leads depend on. Leads that do not exist are missing."""

    rules: Rules
    leads: dict[UUID, LeadFacts]
    by_hash: dict[str, list[SuppressionFact]] = field(default_factory=dict)
    by_lead: dict[UUID, list[SuppressionFact]] = field(default_factory=dict)
    # (lead, channel) → the newest status of consent to outreach.
    consents: dict[tuple[UUID, str], str] = field(default_factory=dict)
    # In the order of time.
    touches: dict[UUID, list[TouchFact]] = field(default_factory=dict)

    def suppressions_of(self, lead: LeadFacts, channel: str) -> list[SuppressionFact]:
        """Return the suppressions that keep the lead from being contacted on the channel, without repetitions."""
        if not self.by_hash and not self.by_lead:
            return []
        own_kind = KIND_OF_CHANNEL[channel]
        found: dict[SuppressionFact, None] = {}
        for kind, hashes in lead.hashes.items():
            for each in self._listed(hashes, SuppressionScope.ADDRESS, channel):
                if kind == own_kind or each.reason not in ABOUT_THE_ADDRESS:
                    found[each] = None
        for each in self._listed(lead.domain_hashes, SuppressionScope.DOMAIN, channel):
            found[each] = None
        for each in self.by_lead.get(lead.id, ()):
            about_person = each.scope == SuppressionScope.ADDRESS and each.reason not in ABOUT_THE_ADDRESS
            if about_person and each.channel in (channel, ALL_CHANNELS):
                found[each] = None
        return list(found)

    def _listed(self, hashes: Sequence[str], scope: str, channel: str) -> list[SuppressionFact]:
        return [
            each
            for address_hash in hashes
            for each in self.by_hash.get(address_hash, ())
            if each.scope == scope and each.channel in (channel, ALL_CHANNELS)
        ]
