"""Sends that a record of the simulated year forbids, to prove that the checker would have found them in it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from benchmarks.simulated_year_checker import JOINS, LEAVES, Checker, Hours, Record, Send

SECOND: Final = timedelta(seconds=1)
DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Forbidden:
    """Sends to add to a record. The last of them breaks the rule."""

    rule: str
    what: str
    sends: tuple[Send, ...]


def undetected(record: Record) -> tuple[list[Forbidden], int]:
    """Return the forbidden sends that the checker does not find among those of the record, and how many there were."""
    added = list(forbidden(record))
    sends = [send for each in added for send in each.sends]
    checker = Checker(replace(record, sends=[*record.sends, *sends]))
    found = {(violation.rule, violation.send.message_id, violation.send.step) for violation in checker.violations()}
    missed = [each for each in added if (each.rule, each.sends[-1].message_id, each.sends[-1].step) not in found]
    return missed, len(added)


def forbidden(record: Record) -> Iterator[Forbidden]:
    """Yield a forbidden send for each rule that the record can break, made of a send that it has."""
    if not record.sends:
        return
    first = record.sends[0]
    yield Forbidden("address", "another address", (_like(first, "address", address="nobody@elsewhere.example"),))
    yield Forbidden("twice", "a step again", (replace(first, at=first.at + SECOND, message_id="<again>"),))
    yield Forbidden("twice", "a message again", (replace(first, at=first.at + SECOND, step="again"),))
    yield from _out_of_hours(record, first)
    yield from _closed(record)
    yield from _too_many(record)


def _out_of_hours(record: Record, send: Send) -> Iterator[Forbidden]:
    lead, campaign = record.leads[send.lead], record.campaigns[send.campaign]
    tenant = record.tenants[campaign.tenant]
    for rule, hours in (("window", campaign.hours), ("quiet hours", tenant.quiet)):
        yield Forbidden(rule, "at the end", (_like(send, rule, at=_end(hours, send.at, lead.zone)),))
        for country in sorted({lead.country, ""}):
            days = sorted(day for day, where in tenant.holidays if where == country)
            if days and hours.skips_holidays:
                noon = datetime.combine(days[0], time(12), ZoneInfo(hours.zone or lead.zone))
                yield Forbidden(rule, "a holiday", (_like(send, f"{rule} holiday {country}", at=noon),))


def _end(hours: Hours, at: datetime, zone: str) -> datetime:
    here = ZoneInfo(hours.zone or zone)
    return datetime.combine(at.astimezone(here).date(), time(hours.end // 60, hours.end % 60), here)


def _closed(record: Record) -> Iterator[Forbidden]:
    """Yield a send just after something was closed for good, one for each kind of subject."""
    closed: dict[tuple[str, str], datetime] = {}
    for event in sorted(record.events, key=lambda event: event.at):
        if event.kind in JOINS:
            closed[JOINS[event.kind], event.subject] = event.at
        else:
            closed.pop((LEAVES[event.kind], event.subject), None)
    sends = {subject: send for send in record.sends for subject in _subjects(record, send)}
    done = set()
    for (rule, subject), at in closed.items():
        what = "an address" if "@" in subject else "as a whole"
        if (rule, what) not in done and (rule, subject) in sends:
            done.add((rule, what))
            yield Forbidden(rule, what, (_like(sends[rule, subject], f"{rule} {what}", at=at + SECOND),))


def _subjects(record: Record, send: Send) -> list[tuple[str, str]]:
    """Return what a send is closed by, as the record names it."""
    lead, tenant = record.leads[send.lead], record.campaigns[send.campaign].tenant
    return [
        ("suppression", f"{tenant} {lead.address}"),
        ("suppression", f"{tenant} {lead.domain}"),
        ("consent", send.lead),
        ("stop", f"{send.lead} {send.campaign}"),
        ("pause", send.campaign),
        ("account", send.account),
    ]


def _too_many(record: Record) -> Iterator[Forbidden]:
    """Yield one send more than each limit allows."""
    first = record.sends[0]
    tenant = record.tenants[record.campaigns[first.campaign].tenant]
    yield Forbidden("lead a day", "", _many(first, "lead a day", tenant.per_day))
    yield Forbidden("lead a week", "", _many(first, "lead a week", tenant.per_week, apart=DAY))
    limit = record.accounts[first.account].daily_limit
    yield Forbidden("account a day", "", _many(first, "account a day", limit))
    for send in record.sends:
        if (cap := record.campaigns[send.campaign].daily_cap) is not None:
            yield Forbidden("campaign a day", "", _many(send, "campaign a day", cap))
            return


def _many(send: Send, rule: str, limit: int, *, apart: timedelta = timedelta(0)) -> tuple[Send, ...]:
    """Return so many sends after the given one. A limit per week is reached within it."""
    return tuple(
        _like(send, f"{rule} {number}", at=send.at + min(number * apart, 6 * DAY)) for number in range(1, limit + 1)
    )


def _like(send: Send, name: str, **values: object) -> Send:
    return replace(send, **{"step": f"forbidden {name}", "message_id": f"<forbidden {name}>", **values})  # type: ignore[arg-type]
