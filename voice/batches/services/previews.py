"""Say before a batch is made who will be called, who waits until when, and who is left out and why."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from django.db.models import QuerySet

from lad.times import written
from leads.contactability.decisions import ReasonCode
from leads.contacts.models import Lead
from voice.batches.models import CallBatch
from voice.batches.services.targets import (
    DUPLICATE,
    INVALID_PHONE,
    NO_PHONE,
    UNKNOWN_LEAD,
    Target,
    TargetCheck,
    check_people,
)
from voice.numbers.destinations import Reason

# More are judged by the first of them: a person waits for the answer.
MAX_JUDGED: Final = 20_000
PART: Final = 2_000

# Why people are left out or wait, in words that follow a number.
WORDS: Final = {
    UNKNOWN_LEAD: "who are no leads any more",
    NO_PHONE: "without a number",
    INVALID_PHONE: "whose number does not exist",
    DUPLICATE: "whose number comes twice",
    Reason.NATIONAL: "whose number has no country code",
    Reason.IMPOSSIBLE: "whose number does not exist",
    Reason.NOT_IN_USE: "whose number does not exist",
    Reason.PREMIUM: "with a premium number",
    Reason.NOBODY: "with the number of a pager or mailbox",
    ReasonCode.LEAD_MISSING: "who are no leads any more",
    ReasonCode.LEAD_ARCHIVED: "who are archived",
    ReasonCode.NO_ADDRESS: "without a number",
    ReasonCode.SUPPRESSED: "on the do-not-contact list",
    ReasonCode.COMPANY_SUPPRESSED: "whose company is on the do-not-contact list",
    ReasonCode.CONSENT_WITHDRAWN: "who withdrew their consent",
    ReasonCode.CONSENT_MISSING: "without consent",
    ReasonCode.SUPPRESSED_FOR_NOW: "on the do-not-contact list for now",
    ReasonCode.COMPANY_STOPPED: "whose company has answered",
    ReasonCode.QUIET_HOURS: "outside contact hours",
    ReasonCode.CLOSED_DAY: "on a day without calls",
    ReasonCode.HOLIDAY: "on a holiday",
    ReasonCode.OUTSIDE_WINDOW: "outside contact hours",
    ReasonCode.DAILY_LIMIT: "contacted often enough today",
    ReasonCode.WEEKLY_LIMIT: "contacted often enough in seven days",
    ReasonCode.CHANNEL_DAILY_LIMIT: "called often enough today",
    ReasonCode.CHANNEL_WEEKLY_LIMIT: "called often enough in seven days",
    ReasonCode.NO_OPEN_TIME: "whom no hours allow to call",
}


@dataclass(frozen=True, slots=True)
class Group:
    """People with the same reason. ``first`` and ``last`` are when those who wait may be called.

    ``detail`` is what is said of one of them.
    """

    reason: str
    words: str
    count: int
    first: datetime | None = None
    last: datetime | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class BatchPreview:
    """What a batch would do. ``judged`` is how many of ``total`` people were looked at: the first of them."""

    total: int
    judged: int
    callable_now: int
    waiting: Sequence[Group] = ()
    left_out: Sequence[Group] = ()
    checks: Sequence[TargetCheck] = field(default=(), repr=False)

    @property
    def skipped(self) -> int:
        return sum(each.count for each in self.left_out)

    def sentences(self) -> list[str]:
        """Return the preview in words: "150 of 1,000 will be left out: 90 without consent, 60 without a number."."""
        among = f"{self.judged:,}" if self.judged == self.total else f"the first {self.judged:,} of {self.total:,}"
        texts = []
        if self.left_out:
            texts.append(f"{self.skipped:,} of {among} will be left out: {_listed(self.left_out)}.")
        if self.waiting:
            waiting = sum(each.count for each in self.waiting)
            until = min(each.first for each in self.waiting if each.first)
            texts.append(f"{waiting:,} of {among} wait, the first until {written(until)}: {_listed(self.waiting)}.")
        texts.append(f"{self.callable_now:,} of {among} can be called at once.")
        return texts


def preview_leads(leads: QuerySet[Lead], *, purpose: str, at: datetime) -> BatchPreview:
    """Return what a batch of the leads would do if it began at that time. More than MAX_JUDGED are judged in part."""
    chosen = leads.order_by("pk").distinct() if leads.query.distinct else leads.order_by("pk")
    total = leads.order_by().count()
    keys = list(chosen.values_list("pk", flat=True)[:MAX_JUDGED])
    return preview_people([Target(lead_id=key) for key in keys], total=total, purpose=purpose, at=at)


def preview_people(
    targets: Sequence[Target],
    *,
    purpose: str,
    at: datetime,
    total: int | None = None,
    batch: CallBatch | None = None,
) -> BatchPreview:
    """Return what a batch of these people would do if it began at that time, or their addition to ``batch``."""
    judged = targets[:MAX_JUDGED]
    checks: list[TargetCheck] = []
    seen: set[str] = set()
    for start in range(0, len(judged), PART):
        for check in check_people(judged[start : start + PART], purpose=purpose, at=at, batch=batch):
            repeated = check.is_accepted and check.to_phone in seen
            checks.append(_again(check, start) if repeated else _placed(check, start))
            seen.add(check.to_phone)
    return preview_of(checks, total=len(targets) if total is None else total)


def preview_of(checks: Sequence[TargetCheck], *, total: int) -> BatchPreview:
    """Return the counts of checks that were made."""
    accepted = [each for each in checks if each.is_accepted]
    waiting = [each for each in accepted if each.until is not None]
    left_out = [each for each in checks if not each.is_accepted]
    return BatchPreview(
        total=total,
        judged=len(checks),
        callable_now=len(accepted) - len(waiting),
        waiting=_groups(waiting),
        left_out=_groups(left_out),
        checks=checks,
    )


def _placed(check: TargetCheck, start: int) -> TargetCheck:
    return replace(check, index=check.index + start) if start else check


def _again(check: TargetCheck, start: int) -> TargetCheck:
    detail = "An earlier row has the same number."
    return replace(check, index=check.index + start, result=DUPLICATE, reason=DUPLICATE, detail=detail, until=None)


def _groups(checks: Iterable[TargetCheck]) -> list[Group]:
    by_reason: dict[str, list[TargetCheck]] = {}
    for check in checks:
        by_reason.setdefault(check.reason, []).append(check)
    most_first = sorted(by_reason.items(), key=lambda item: -len(item[1]))
    return [_group(reason, same) for reason, same in most_first]


def _group(reason: str, checks: Sequence[TargetCheck]) -> Group:
    times = [check.until for check in checks if check.until is not None]
    first, last = min(times, default=None), max(times, default=None)
    return Group(reason, WORDS.get(reason, reason), len(checks), first, last, checks[0].detail)


def _listed(groups: Sequence[Group]) -> str:
    return ", ".join(f"{each.count:,} {each.words}" for each in groups)
