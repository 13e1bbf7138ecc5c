"""Read figures: the counts and what is not folded in yet, in one statement, so that they are exact at once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from campaigns.design.models import Campaign
from campaigns.figures.models import Face
from campaigns.figures.statements import KEY, LAST, WITH_CHANGES, parameters
from lad.db.queries import rows
from tenants.teams.models import Tenant

# So many entries that wait are counted while somebody reads. More wait only after a change of very many rows; a worker
# folds them within seconds, and until then the figures say that they are behind.
MAX_PENDING: Final = 5_000
STATE: Final = """
SELECT
    (SELECT id FROM campaign_figure_entries
        WHERE tenant_id = %(tenant)s AND (%(campaign)s::uuid IS NULL OR campaign_id = %(campaign)s::uuid)
        ORDER BY id OFFSET %(most)s LIMIT 1),
    EXISTS (SELECT FROM campaign_figure_recounts
        WHERE tenant_id = %(tenant)s AND (%(campaign)s::uuid IS NULL OR campaign_id = %(campaign)s::uuid))
"""
# Each face is read either for all days or for some of them.
READ: Final = f"""
{WITH_CHANGES}
SELECT campaign_id, face, CASE WHEN face = ANY (%(daily)s) THEN day END, step_id, step_type, variant, channel,
    account_id, detail, metric, sum(number)::bigint
FROM (
    SELECT {KEY}, number FROM campaign_figures
    WHERE tenant_id = %(tenant)s AND (%(campaign)s::uuid IS NULL OR campaign_id = %(campaign)s::uuid)
        AND face = ANY (%(totals)s) AND day IS NULL
    UNION ALL
    SELECT {KEY}, number FROM campaign_figures
    WHERE tenant_id = %(tenant)s AND campaign_id = %(campaign)s AND face = ANY (%(ranged)s)
        AND day BETWEEN %(since)s AND %(until)s
    UNION ALL
    SELECT {KEY}, number FROM changes
    WHERE (face = ANY (%(totals)s) AND day IS NULL)
        OR (face = ANY (%(ranged)s) AND day BETWEEN %(since)s AND %(until)s)
) AS found
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
HAVING sum(number) <> 0
"""
DAYS: Final = f"""
{WITH_CHANGES}
SELECT day, metric, sum(number)::bigint
FROM (
    SELECT {KEY}, number FROM campaign_figures
    WHERE tenant_id = %(tenant)s AND campaign_id = %(campaign)s AND face = 'happened'
        AND day BETWEEN %(since)s AND %(until)s
    UNION ALL
    SELECT {KEY}, number FROM changes WHERE face = 'happened' AND day BETWEEN %(since)s AND %(until)s
) AS found
GROUP BY day, metric
HAVING sum(number) <> 0
"""
DAILY: Final = (Face.HAPPENED, Face.COHORT)
FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(9999, 12, 31)


@dataclass(frozen=True, slots=True)
class Figure:
    """One count. ``day`` is set where counts are by day or week."""

    campaign_id: UUID
    face: str
    day: date | None
    step_id: UUID | None
    step_type: str
    variant: str
    channel: str
    account_id: UUID | None
    detail: str
    metric: str
    number: int


@dataclass(frozen=True, slots=True)
class Period:
    """Days of the tenant, both included. None has no limit."""

    since: date | None = None
    until: date | None = None

    @property
    def is_everything(self) -> bool:
        """Return whether it has no limit at all."""
        return self.since is None and self.until is None


EVERYTHING: Final = Period()


@dataclass(frozen=True, slots=True)
class Figures:
    """A campaign's counts. ``is_behind`` says that many changes wait, ``is_recounted`` that it is counted anew."""

    counts: tuple[Figure, ...]
    is_behind: bool = False
    is_recounted: bool = False

    def of(self, face: Face) -> Iterator[Figure]:
        """Yield the counts of one face."""
        return (each for each in self.counts if each.face == face)

    def number(self, face: Face, *metrics: str) -> int:
        """Return the sum of the face's counts of these metrics."""
        return sum(each.number for each in self.of(face) if each.metric in metrics)


def figures(campaign: Campaign, faces: Sequence[Face], period: Period = EVERYTHING) -> Figures:
    """Return the campaign's figures of some faces. Runs two statements, whatever the size of the campaign.

    With a period, people are those whom the campaign first contacted in it, messages those sent in it; the state of
    enrolments is always that of now.
    """
    return _read(campaign.tenant, campaign.pk, faces, period)


def tenant_figures(tenant: Tenant, faces: Sequence[Face]) -> Figures:
    """Return the figures of all campaigns of a tenant, for all days. Runs two statements."""
    return _read(tenant, None, faces, EVERYTHING)


def _read(tenant: Tenant, campaign_id: UUID | None, faces: Sequence[Face], period: Period) -> Figures:
    given = {"tenant": tenant.pk, "campaign": campaign_id}
    [(beyond, is_recounted)] = rows(STATE, {**given, "most": MAX_PENDING})
    last = LAST if beyond is None else beyond - 1
    # Some faces are only counted by day, the state of enrolments never is.
    ranged = [face for face in faces if face in DAILY or not (period.is_everything or face == Face.STATE)]
    values = {
        **parameters(tenant.pk, campaign_id, str(tenant.timezone), last=last),
        "daily": [*DAILY],
        "totals": [face for face in faces if face not in ranged],
        "ranged": ranged,
        "since": period.since or FIRST_DAY,
        "until": period.until or LAST_DAY,
    }
    counts = tuple(Figure(*row) for row in rows(READ, values))
    return Figures(counts, is_behind=beyond is not None, is_recounted=bool(is_recounted))


def days(campaign: Campaign, period: Period) -> dict[date, dict[str, int]]:
    """Return how many leads reached each milestone on each day, and the messages sent on it. Runs one statement."""
    values = {
        **parameters(campaign.tenant_id, campaign.pk, str(campaign.tenant.timezone)),
        "since": period.since or FIRST_DAY,
        "until": period.until or LAST_DAY,
    }
    found: dict[date, dict[str, int]] = {}
    for day, metric, number in rows(DAYS, values):
        found.setdefault(day, {})[metric] = number
    return found
