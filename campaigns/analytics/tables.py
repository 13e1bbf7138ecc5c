"""The tables of a campaign's analytics as CSV files."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields
from typing import Final

from django.http import StreamingHttpResponse
from django.utils.text import slugify

from campaigns.analytics.measuring import Numbers
from campaigns.analytics.rates import Rate
from campaigns.analytics.report import ChannelNumbers, Cohort, DayNumbers, Report
from campaigns.analytics.stats import TenantStats
from campaigns.design.models import Campaign
from lad.spreadsheets import csv_download, csv_lines

KIND: Final = "campaign analytics"
Line = Iterable[object]

NUMBERS: Final = tuple(each.name for each in fields(Numbers))


def report_csv(campaign: Campaign, report: Report, table: str) -> StreamingHttpResponse:
    """Return one table of the analytics as a file. Raises KeyError for a table that there is not."""
    lines = TABLES[table](report)
    return csv_download(csv_lines(lines), name=f"{table}-{slugify(campaign.name)}".rstrip("-") + ".csv")


def stats_csv(stats: TenantStats) -> StreamingHttpResponse:
    """Return the numbers of all campaigns as a file."""
    return csv_download(csv_lines(_campaigns(stats)), name="campaigns.csv")


def _funnel(report: Report) -> Iterator[Line]:
    yield ("stage", "leads", "share_of_enrolled")
    for stage in report.funnel.stages:
        yield (stage.label, stage.number, round(stage.share, 4))


def _rates(report: Report) -> Iterator[Line]:
    yield RATE_COLUMNS
    for rate in report.rates:
        yield _rate(rate)


RATE_COLUMNS: Final = ("rate", "number", "of", "of_what", "share", "low", "high")


def _rate(rate: Rate) -> Line:
    low, high = rate.interval or (None, None)
    share = rate.share
    return (
        rate.label,
        rate.part,
        rate.whole,
        rate.of,
        None if share is None else round(share, 4),
        None if low is None else round(low, 4),
        None if high is None else round(high, 4),
    )


def _steps(report: Report) -> Iterator[Line]:
    names = (
        "order", "title", "type", "reached", "waiting", "sent", "done", "skipped", "failed", "bounced", "opened",
        "clicked", "answered",
    )  # fmt: skip
    yield names
    for step in report.funnel.steps:
        yield [getattr(step, name) for name in names]


def _variants(report: Report) -> Iterator[Line]:
    yield ("step", "variant", "reached", "answered", "opened", "clicked", "interested", "booked", "unsubscribed",
           "conclusion")  # fmt: skip
    for step in report.funnel.steps:
        for each in step.variants:
            said = step.comparison.sentence if step.comparison else ""
            yield (step.title, each.variant, each.reached, each.answered, each.opened, each.clicked, each.interested,
                   each.booked, each.unsubscribed, said)  # fmt: skip


def _channels(report: Report) -> Iterator[Line]:
    yield ("channel", *NUMBERS)
    for row in report.channels:
        yield (row.label, *_numbers(row))


def _accounts(report: Report) -> Iterator[Line]:
    yield ("channel", "account", *NUMBERS)
    for row in report.accounts:
        yield (row.channel, row.label, *_numbers(row))


def _numbers(row: ChannelNumbers) -> list[int]:
    return [getattr(row.numbers, name) for name in NUMBERS]


def _days(report: Report) -> Iterator[Line]:
    first: DayNumbers | None = next(iter(report.days), None)
    names = list(first.reached) if first else []
    yield ("day", "sent", *names)
    for day in report.days:
        yield (day.day, day.sent, *(day.reached[name] for name in names))


def _cohorts(report: Report) -> Iterator[Line]:
    first: Cohort | None = next(iter(report.cohorts), None)
    names = list(first.reached) if first else []
    yield ("week", "started", *names)
    for cohort in report.cohorts:
        yield (cohort.week, cohort.started, *(cohort.reached[name] for name in names))


def _campaigns(stats: TenantStats) -> Iterator[Line]:
    people = list(stats.people)
    yield ("id", "campaign", "status", *people, *(f"{name}_messages" for name in NUMBERS))
    for row in stats.campaigns:
        yield (
            row.campaign.pk,
            row.campaign.name,
            row.campaign.get_status_display(),
            *(row.people[name] for name in people),
            *(getattr(row.sent, name) for name in NUMBERS),
        )


TABLES: Final[Mapping[str, Callable[[Report], Iterator[Line]]]] = {
    "funnel": _funnel,
    "rates": _rates,
    "steps": _steps,
    "variants": _variants,
    "channels": _channels,
    "accounts": _accounts,
    "days": _days,
    "cohorts": _cohorts,
}
