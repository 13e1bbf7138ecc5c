"""Read the timeline of a lead: what was said and done, from all features, newest first.

Entries are ordered by time, then by the id of their row, then by the name of their source. So no two have the same
place, and a page starts exactly where the previous one ended, also among rows of the same moment.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Final
from uuid import UUID

from django.db.models import Q, QuerySet

from lad.db.together import read_together
from lad.errors import Invalid
from lad.labels import in_words
from lad.tenancy.access import Access
from leads.contacts.extensions import TimelineEntry, TimelineKind, TimelineSource, timeline_sources_for
from leads.contacts.models import Lead
from leads.pipeline.selectors import Pipeline, pipeline_of
from tenants.accounts.models import User

PAGE_SIZE: Final = 20
MAX_PAGE_SIZE: Final = 100
SEPARATOR: Final = "~"
SYSTEM: Final = "LAD"
STRANGER: Final = "Somebody"


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """The place of an entry in the timeline. Later ones compare as greater."""

    at: datetime
    row_id: UUID
    source: str

    def encode(self) -> str:
        """Return the place as text for an address."""
        text = SEPARATOR.join((self.at.isoformat(), self.row_id.hex, self.source))
        return urlsafe_b64encode(text.encode()).decode().rstrip("=")

    @classmethod
    def decode(cls, text: str) -> "Place":
        """Return the place in the text. Raise Invalid if there is none."""
        try:
            padded = text + "=" * (-len(text) % 4)
            at, row_id, source = urlsafe_b64decode(padded.encode("ascii")).decode().split(SEPARATOR)
            moment = datetime.fromisoformat(at)
            if moment.utcoffset() is None:
                raise ValueError(at)
            return cls(moment, UUID(hex=row_id), source)
        except (ValueError, OverflowError) as error:
            raise Invalid(errors={"before": ["This place is not valid. Take it from `next`."]}) from error


@dataclass(frozen=True, slots=True)
class TimelineFilter:
    """A filter of the timeline. Without values, it reads everything."""

    kinds: frozenset[TimelineKind] = frozenset()
    user_id: UUID | None = None

    def allows(self, source: TimelineSource) -> bool:
        """Return whether the source may have entries for the filter."""
        return (not self.kinds or source.kind in self.kinds) and (self.user_id is None or bool(source.user))


@dataclass(frozen=True, slots=True)
class TimelineRow:
    """An entry with its place, its kind, and the name of its user, which is empty without one."""

    place: Place
    kind: TimelineKind
    entry: TimelineEntry
    user: str

    @property
    def at(self) -> datetime:
        """When it happened."""
        return self.place.at


@dataclass(frozen=True, slots=True)
class TimelinePage:
    """Some entries, newest first. ``older`` is the place before which the next page begins, or None at the end."""

    rows: Sequence[TimelineRow]
    older: Place | None = None


@dataclass
class KnownNames:
    """Names for the sentences of one page. The tenant's pipeline is read only if a sentence needs it."""

    lead: str
    users: dict[UUID, str]
    read_pipeline: Callable[[], Pipeline]
    system: str = field(default=SYSTEM)

    def user(self, user_id: UUID | None) -> str:
        return self.system if user_id is None else self.users.get(user_id, STRANGER)

    def stage(self, key: str) -> str:
        return self._labels["stage"].get(key) or in_words(key)

    def status(self, key: str) -> str:
        return self._labels["status"].get(key) or in_words(key)

    @cached_property
    def _labels(self) -> dict[str, dict[str, str]]:
        pipeline = self.read_pipeline()
        return {"stage": dict(pipeline.stage), "status": dict(pipeline.status)}


def kinds_for(access: Access) -> list[TimelineKind]:
    """Return the kinds of entries that the caller may see, in the order of their names' list."""
    seen = {source.kind for source in timeline_sources_for(access)}
    return [kind for kind in TimelineKind if kind in seen]


def timeline(
    lead: Lead,
    access: Access,
    *,
    wanted: TimelineFilter = TimelineFilter(),
    before: Place | None = None,
    limit: int = PAGE_SIZE,
    read_pipeline: Callable[[], Pipeline] | None = None,
) -> TimelinePage:
    """Return the newest entries before a place that the caller may see, newest first.

    Reads all sources in one round trip and the users' names in one more. ``read_pipeline`` saves another one where
    the stages are known already.
    """
    sources = [source for source in timeline_sources_for(access) if wanted.allows(source)]
    read = [(source, _newest(source, lead, wanted, before)[: limit + 1]) for source in sources]
    read_together(*(rows for _source, rows in read))
    found = [
        (Place(getattr(row, source.at), row.pk, source.name), source, row) for source, rows in read for row in rows
    ]
    found.sort(key=lambda each: each[0], reverse=True)
    page = found[:limit]
    known = KnownNames(
        lead.first_name or lead.full_name or lead.company_name or lead.email or "the lead",
        _names(user_id for _place, source, row in page for user_id in source.users(row)),
        read_pipeline or (lambda: pipeline_of(lead.tenant_id)),
    )
    rows = [_shown(place, source, source.entry(row, known), known) for place, source, row in page]
    return TimelinePage(rows, page[-1][0] if len(found) > limit else None)


def _newest(source: TimelineSource, lead: Lead, wanted: TimelineFilter, before: Place | None) -> QuerySet[Any, Any]:
    rows = source.rows(lead)
    if wanted.user_id is not None:
        rows = rows.filter(**{source.user: wanted.user_id})
    if before is not None:
        same_moment = {"pk__lte" if source.name < before.source else "pk__lt": before.row_id}
        rows = rows.filter(**{f"{source.at}__lte": before.at}).filter(
            Q(**{f"{source.at}__lt": before.at}) | Q(**same_moment)
        )
    return rows.order_by(f"-{source.at}", "-pk")


def _names(user_ids: Iterable[UUID | None]) -> dict[UUID, str]:
    wanted = {user_id for user_id in user_ids if user_id is not None}
    users = User.objects.filter(pk__in=wanted) if wanted else ()
    return {user.pk: user.full_name or user.email for user in users}


def _shown(place: Place, source: TimelineSource, entry: TimelineEntry, known: KnownNames) -> TimelineRow:
    return TimelineRow(place, source.kind, entry, known.user(entry.user_id) if entry.user_id else "")
