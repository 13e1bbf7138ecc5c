"""Lines and rows that a record of chaos_outreach.py forbids, to prove that its judge would have found them in it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from benchmarks.networks_judge import CONTACTS, FOREVER, GRACE, OUT_OF_WINDOW, Judge, Line, Record, Row

SECOND: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Forbidden:
    """What to add to a record, or to put in place of rows of it. It breaks the rule."""

    rule: str
    lines: tuple[Line, ...] = ()
    rows: tuple[Row, ...] = ()


def undetected(record: Record) -> tuple[list[Forbidden], int]:
    """Return what the judge does not find, each alone in the record, and how many there were."""
    before = {(each.rule, each.subject) for each in Judge(record).violations()}
    added = list(forbidden(record))
    return [each for each in added if not _is_found(record, each, before)], len(added)


def forbidden(record: Record) -> Iterator[Forbidden]:
    """Yield something forbidden for each rule that the record can break, made of what it has."""
    judge = Judge(record)
    reached = next((line for line in judge.reached if line.action in CONTACTS), None)
    if reached is None:
        return
    sent = _row_of(record, reached)
    yield Forbidden("twice", lines=(_later(record, reached),))
    yield Forbidden("stranger", lines=(_later(record, reached, person="nobody", text="another"),))
    if sent is not None:
        yield Forbidden("lost", rows=(replace(sent, id="added", state="sent", provider_id="never", person="nobody"),))
        yield Forbidden("denied", rows=(replace(sent, state="failed"),))
        yield Forbidden("unfinished", rows=(replace(sent, id="added", state="sending"),))
        yield Forbidden("invented", rows=(replace(sent, id="added", direction="inbound", provider_id="never"),))
    yield from _limits(record, judge)
    yield from _answered(record)
    yield from _refused(record, reached)
    first = next(((channel, person) for (channel, person), action in record.people.items() if action), None)
    if first is not None:
        yield Forbidden("unwritten", rows=_gone(record, *first))


def _limits(record: Record, judge: Judge) -> Iterator[Forbidden]:
    """Yield one action more than an account may do on a day, and in a week."""
    for rule, window in (("account a day", "day"), ("account a week", "week")):
        for (account, action), limit in record.limits.items():
            most = getattr(limit, window)
            like = next((each for each in judge.reached if (each.account, each.action) == (account, action)), None)
            if most is not None and like is not None:
                days = 1 if window == "day" else 0
                at = like.at.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=days)
                more = [
                    _later(record, like, number, text=f"more {number}", at=at + number * _apart(window, most))
                    for number in range(most + 1)
                ]
                yield Forbidden(rule, lines=tuple(more))
                break


def _apart(window: str, most: int) -> timedelta:
    """Return the pause in which one more than a limit fits into its window, of a week on several days."""
    return timedelta(hours=20) / (most + 1) if window == "day" else timedelta(days=6) / (most + 1)


def _answered(record: Record) -> Iterator[Forbidden]:
    """Yield a message after an answer, and an answer that LAD does not have."""
    received = {row.provider_id: row for row in record.rows if row.direction == "inbound"}
    for line in record.lines:
        if line.kind == "written" and line.by == "person" and line.id in received:
            before = next(
                (each for each in record.lines if each.accepted and each.person == line.person and each.text), None
            )
            if before is not None:
                at = received[line.id].created_at + GRACE + SECOND
                yield Forbidden("unheeded", lines=(_later(record, before, text="another", at=at),))
            yield Forbidden("unheard", lines=(replace(line, n=_last(record) + 1, id="never read"),))
            return


def _refused(record: Record, reached: Line) -> Iterator[Forbidden]:
    """Yield an attempt after a refusal for good, and a free text outside the window."""
    refusal = _later(record, reached, accepted=False, reason=min(FOREVER))
    again = _later(record, reached, 2, text="another", at=refusal.at + GRACE + SECOND)
    yield Forbidden("tried again", lines=(refusal, again))
    yield Forbidden("window", lines=(_later(record, reached, accepted=False, reason=OUT_OF_WINDOW),))


def _later(record: Record, line: Line, number: int = 1, **values: object) -> Line:
    n = _last(record) + number
    told = {"n": n, "id": f"added {n}", "at": line.at + number * SECOND, **values}
    return replace(line, **told)  # type: ignore[arg-type]


def _last(record: Record) -> int:
    return max((line.n for line in record.lines), default=0)


def _row_of(record: Record, line: Line) -> Row | None:
    key = (line.channel, line.account, line.action, line.person)
    rows = (row for row in record.rows if row.direction == "outbound")
    return next((row for row in rows if (row.channel, row.account, row.action, row.person) == key), None)


def _gone(record: Record, channel: str, person: str) -> tuple[Row, ...]:
    """Return the rows of somebody as if they were somebody else's."""
    return tuple(
        replace(row, person="somebody else") for row in record.rows if (row.channel, row.person) == (channel, person)
    )


def _is_found(record: Record, forbidden: Forbidden, before: set[tuple[str, str]]) -> bool:
    replaced = {row.id for row in forbidden.rows}
    rows = [*(row for row in record.rows if row.id not in replaced), *forbidden.rows]
    lines = sorted([*record.lines, *forbidden.lines], key=lambda line: line.at)
    found = Judge(replace(record, lines=lines, rows=rows)).violations()
    return any(each.rule == forbidden.rule and (each.rule, each.subject) not in before for each in found)
