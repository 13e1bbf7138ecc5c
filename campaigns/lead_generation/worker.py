"""Find the leads of running campaigns: search, reveal what the campaign needs, save and enrol, some each day.

Each part is committed before the next begins, so that a worker may die anywhere: who was chosen is written down
together with the request to reveal them, and is enrolled once that has ended. A limit, a missing account or missing
credit lets the step wait; it never fails. If the directory's account fails while chosen people are being revealed, they
stay chosen and are asked for again. What is found counts as no message.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from campaigns.design.models import Campaign, CampaignStatus, CampaignStep
from campaigns.design.schedule import schedule_of
from campaigns.design.step_specs import channel_of
from campaigns.enrolment.services.enrolment import enrol
from campaigns.lead_generation import choosing
from campaigns.lead_generation.models import LeadGeneration
from lad.errors import DomainError
from lad.tenancy.context import read_across_tenants, tenant_context
from leads.companies.apollo.errors import LimitReached
from leads.companies.reveals import services as reveals
from leads.companies.reveals.models import OPEN, Reveal, RevealState
from leads.companies.reveals.selectors import is_unanswered, reveals_of
from leads.companies.saving.services import save_as_leads
from leads.companies.search.results import SearchPage
from leads.companies.search.services import search_people
from leads.contacts.services.duplicates import Duplicates

KEY: Final = "lead_generation"
LEASE: Final = timedelta(minutes=5)
ROUND_SIZE: Final = 20
DEFAULT_LIMIT: Final = 25
MAX_AT_ONCE: Final = 100
LOOK_AGAIN: Final = timedelta(minutes=1)
TRY_AGAIN: Final = timedelta(hours=1)
NO_FILTERS: Final = "The step has no filters, so it finds nobody."
OTHER_SOURCE: Final = "LAD cannot search there yet. Choose Apollo as the source."
DONE_TODAY: Final = "The leads of today are found."
NO_WORKING_DAY: Final = "The campaign does not work on this day of the week."
ALL_FOUND: Final = "Everybody who fits was found. It looks for new people tomorrow."
REVEALING: Final = "Addresses and numbers of chosen people are being asked for."
ENOUGH: Final = "The step has found as many leads as it may."
BROKEN: Final = "LAD failed to find leads for this step and tries again. Send its id to support if it goes on failing."

# Steps of running campaigns that are due and nobody works on.
DUE: Final = """
SELECT steps.tenant_id, steps.id FROM campaigns
JOIN tenants ON tenants.id = campaigns.tenant_id AND tenants.deleted_at IS NULL
    AND tenants.status NOT IN ('suspended', 'cancelled')
JOIN campaign_steps AS steps ON steps.tenant_id = campaigns.tenant_id AND steps.campaign_id = campaigns.id
    AND steps.type = %s AND steps.deleted_at IS NULL
LEFT JOIN lead_generations AS known ON known.tenant_id = steps.tenant_id AND known.step_id = steps.id
WHERE campaigns.status = 'running' AND campaigns.deleted_at IS NULL
    AND (known.id IS NULL OR known.next_run_at IS NULL OR known.next_run_at <= statement_timestamp())
    AND (known.lease_until IS NULL OR known.lease_until < statement_timestamp())
ORDER BY known.next_run_at NULLS FIRST LIMIT %s
"""
Search = Callable[..., SearchPage]
log = structlog.get_logger("campaigns.lead_generation")


@dataclass(frozen=True, slots=True)
class Turn:
    """One step's turn: the row that was claimed, and how many more leads it may choose today."""

    row: LeadGeneration
    step: CampaignStep
    campaign: Campaign
    many: int
    now: datetime

    @property
    def tenant_id(self) -> UUID:
        found: UUID = self.row.tenant_id
        return found

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.campaign.tenant.timezone)

    @property
    def today(self) -> date:
        return self.now.astimezone(self.zone).date()


def has_work() -> bool:
    """Return whether a step is due. Needs a platform scope."""
    return bool(_due(limit=1))


def run_due(*, now: datetime | None = None, search: Search = search_people) -> int:
    """Let each step that is due find leads. Return how many steps had a turn."""
    turns = _due(limit=ROUND_SIZE)
    for tenant_id, step_id in turns:
        moment = now or timezone.now()
        try:
            _take_turn(tenant_id, step_id, moment, search)
        except (OperationalError, InterfaceError, SoftTimeLimitExceeded):
            # The database or the time failed, not the step. Its lease expires.
            raise
        except Exception:
            log.exception("a step failed to find leads", tenant=str(tenant_id), step=str(step_id))
            _set_aside(tenant_id, step_id, moment)
    return len(turns)


def _due(*, limit: int) -> list[tuple[Any, ...]]:
    return read_across_tenants(DUE, [KEY, limit])


def _take_turn(tenant_id: UUID, step_id: UUID, now: datetime, search: Search) -> None:
    with tenant_context(tenant_id):
        turn = _claim(tenant_id, step_id, now)
    if turn is None:
        return
    try:
        query = choosing.query_of(turn.step, turn.row.page_number)
        if query is None:
            raise _Waits(NO_FILTERS, TRY_AGAIN)
        page = search(query, tenant_id=tenant_id)
    except LimitReached as error:
        _end(turn, error.detail, error.until)
    except _Waits as error:
        _end(turn, error.detail, now + error.delay)
    except DomainError as error:
        _end(turn, error.detail, now + TRY_AGAIN)
    else:
        with tenant_context(tenant_id):
            _take(turn, page)


class _Waits(DomainError):
    """The step waits."""

    def __init__(self, detail: str, delay: timedelta) -> None:
        super().__init__(detail)
        self.delay = delay


def _claim(tenant_id: UUID, step_id: UUID, now: datetime) -> Turn | None:
    """Claim the step's row. Enrol those who were chosen before. Return the turn, if it may choose more now."""
    step = CampaignStep.objects.filter(tenant=tenant_id, pk=step_id).select_related("campaign").first()
    if step is None or step.campaign.status != CampaignStatus.RUNNING:
        return None
    row = _row_of(step).select_for_update(no_key=True, skip_locked=True).first()
    if row is None or (row.lease_until is not None and row.lease_until > now):
        return None
    turn = Turn(row, step, step.campaign, 0, now)
    if row.day != turn.today:
        # Those who were chosen yesterday and are enrolled now are leads of today.
        row.day, row.found_today = turn.today, 0
    if row.pending and not _enrol_pending(turn):
        return None
    return _may_choose(turn)


def _row_of(step: CampaignStep) -> QuerySet[LeadGeneration]:
    """Return the row of a step as a queryset, having made it if there was none."""
    made = LeadGeneration(tenant_id=step.tenant_id, campaign_id=step.campaign_id, step_id=step.pk)
    LeadGeneration.objects.bulk_create([made], ignore_conflicts=True)
    rows: QuerySet[LeadGeneration] = LeadGeneration.objects.filter(tenant=step.tenant_id, step=step.pk)
    return rows


def _set_aside(tenant_id: UUID, step_id: UUID, now: datetime) -> None:
    """Let a step that failed wait, so that it does not come first again and again."""
    with tenant_context(tenant_id):
        step = CampaignStep.objects.filter(tenant=tenant_id, pk=step_id).first()
        if step is not None:
            _row_of(step).update(lease_until=None, next_run_at=now + TRY_AGAIN, reason=BROKEN)


def _may_choose(turn: Turn) -> Turn | None:
    """Return the turn with the number of leads that it may choose now, or None, saying until when it waits."""
    row, config, now, today = turn.row, turn.step.config, turn.now, turn.today
    if row.key != choosing.key_of(turn.step):
        row.key, row.page_number, row.position = choosing.key_of(turn.step), 1, 0
    kept = {"day": today, "found_today": row.found_today, "key": row.key}
    kept |= {"page_number": row.page_number, "position": row.position}
    tomorrow = datetime.combine(today + timedelta(days=1), time(), turn.zone)
    limit = config.get("limit") or turn.campaign.config.get("leads_per_day") or DEFAULT_LIMIT
    left = [limit - row.found_today, MAX_AT_ONCE]
    if "max_leads" in config:
        left.append(config["max_leads"] - row.found)
    if config.get("source", "apollo_io") != "apollo_io":
        _write(turn, **kept, next_run_at=tomorrow, reason=OTHER_SOURCE)
    elif today.weekday() not in schedule_of(turn.campaign).window.days:
        _write(turn, **kept, next_run_at=tomorrow, reason=NO_WORKING_DAY)
    elif min(left) <= 0:
        _write(turn, **kept, next_run_at=tomorrow, reason=DONE_TODAY if left[0] <= 0 else ENOUGH)
    else:
        _write(turn, **kept, lease_until=now + LEASE, attempts=F("attempts") + 1)
        row.attempts += 1
        return Turn(row, turn.step, turn.campaign, min(left), now)
    return None


def _take(turn: Turn, page: SearchPage) -> None:
    """Choose people of a page, and ask for what the campaign needs of them."""
    row: LeadGeneration | None = _held(turn).select_for_update(no_key=True).first()
    if row is None:
        return
    rest: Sequence[Any] = page.results[row.position :]
    one_each = bool(turn.step.config.get("one_per_company"))
    chosen, taken = choosing.choose(rest, many=turn.many, campaign_id=turn.campaign.pk, one_per_company=one_each)
    place: dict[str, Any] = {"position": row.position + taken}
    is_over = taken == len(rest)
    if is_over:
        place = {"page_number": row.page_number + 1 if page.has_more else 1, "position": 0}
    until, reason = turn.now, ""
    if chosen:
        kinds = choosing.kinds_for(_channels(turn.campaign))
        try:
            with transaction.atomic():
                if kinds:
                    reveals.request(chosen, kinds, now=turn.now)
        except DomainError as error:
            # Nobody is passed over: they are chosen again from the same place.
            _write(turn, lease_until=None, next_run_at=turn.now + TRY_AGAIN, reason=error.detail)
            return
        reason = REVEALING if kinds else ""
    elif is_over and not page.has_more:
        until, reason = turn.now + timedelta(days=1), ALL_FOUND
    _write(turn, **place, pending=chosen, lease_until=None, next_run_at=until, reason=reason)


def _enrol_pending(turn: Turn) -> bool:
    """Save and enrol those who were chosen, once nothing of them is under way. Return whether that is done."""
    row = turn.row
    kinds = choosing.kinds_for(_channels(turn.campaign))
    revealed = reveals_of(row.pending, kinds=kinds) if kinds else []
    if any(each.state in OPEN for each in revealed):
        _write(turn, next_run_at=turn.now + LOOK_AGAIN, reason=REVEALING)
        return False
    if refused := [each for each in revealed if is_unanswered(each)]:
        _ask_again(turn, refused, kinds)
        return False
    # Nobody becomes a lead of the campaign whom it cannot reach.
    reachable = {each.person_id for each in revealed if each.state == RevealState.FOUND}
    people = [each for each in row.pending if each in reachable or not kinds]
    saved: Sequence[UUID] = ()
    enrolled = 0
    if people:
        saved = save_as_leads(people, duplicates=Duplicates.SKIP, now=turn.now).ids
        # A campaign that has ended meanwhile takes nobody; they are leads all the same.
        with suppress(DomainError), transaction.atomic():
            enrolled = enrol(campaign=turn.campaign, leads=saved, actor=None, now=turn.now).enrolled
    row.pending, row.found, row.found_today = [], row.found + enrolled, row.found_today + enrolled
    _write(turn, pending=[], day=row.day, found=row.found, found_today=row.found_today)
    log.info("leads found", campaign=str(turn.campaign.pk), people=len(saved), enrolled=enrolled)
    return True


def _ask_again(turn: Turn, refused: Sequence[Reveal], kinds: Sequence[str]) -> None:
    """Ask again for chosen people of whom the directory was not, or could not be, asked; wait before that."""
    if turn.row.reason == REVEALING:
        _write(turn, next_run_at=turn.now + TRY_AGAIN, reason=refused[0].error)
        return
    try:
        with transaction.atomic():
            reveals.request(list(dict.fromkeys(each.person_id for each in refused)), kinds, now=turn.now)
    except DomainError as error:
        _write(turn, next_run_at=turn.now + TRY_AGAIN, reason=error.detail)
    else:
        _write(turn, next_run_at=turn.now + LOOK_AGAIN, reason=REVEALING)


def _end(turn: Turn, reason: str, until: datetime) -> None:
    with tenant_context(turn.tenant_id):
        _held(turn).update(lease_until=None, next_run_at=until, reason=reason)


def _held(turn: Turn) -> Any:
    return LeadGeneration.objects.filter(tenant=turn.tenant_id, pk=turn.row.pk, attempts=turn.row.attempts)


def _write(turn: Turn, **values: Any) -> None:
    _held(turn).update(**values)


def _channels(campaign: Campaign) -> set[Any]:
    types = campaign.steps.values_list("type", flat=True).distinct()
    return {channel for each in types if (channel := channel_of(each)) is not None}
