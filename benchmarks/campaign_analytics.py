"""Check and measure the analytics of campaigns at two sizes.

    python benchmarks/campaign_analytics.py [--sizes 100000,10000000] [--reads 60] [--sends 300] [--live 2000]

Starts servers of its own. Each size is a campaign of one tenant with that many activities: waits, searches, a split,
mails, LinkedIn invitations and messages, WhatsApp messages and calls, over 120 days. They are inserted without
triggers and then counted by ``recount``, as an installation is whose campaigns are older than the figures; then
``--live`` more changes are written as the product writes them, with triggers, and half of them are folded.

1. Every figure of every service must equal an SQL count over the rows that shares nothing with LAD's own code.
2. The 95th percentile of the page and of the API at the last size against the first, both in turn.
3. What the figures add to sending one message: the same send with and without the triggers, in turn, and folding.
"""

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import psycopg

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.aims import tell  # noqa: E402  (importable only after sys.path is set)
from benchmarks.campaign_analytics_counting import Recount  # noqa: E402
from benchmarks.campaign_analytics_world import World  # noqa: E402
from benchmarks.servers import migrated_servers  # noqa: E402

AIM_GROWTH, AIM_COST = 1.3, 0.10
PAIRS: Final = 24


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def compare(world: World, database: psycopg.Connection[Any], campaign: UUID) -> tuple[int, list[str]]:
    """Return how many figures were compared, and those that differ."""
    from campaigns.analytics.funnel import funnel
    from campaigns.analytics.queue import queue
    from campaigns.analytics.report import report
    from campaigns.design.models import Campaign
    from campaigns.figures.reading import Period
    from lad.tenancy.context import tenant_context

    recount = Recount(database, world.tenant, campaign)
    wrong: list[str] = []
    compared = 0

    def check(name: str, ours: object, theirs: object) -> None:
        nonlocal compared
        compared += 1
        if ours != theirs:
            wrong.append(f"{name}: LAD {ours}, SQL {theirs}")

    for since, until in ((None, None), world.some_days):
        with tenant_context(world.tenant):
            row = Campaign.objects.get(pk=campaign)
            found = report(row, Period(since, until))
            kept, waiting = funnel(row), queue(row)
        expected = recount.report(since, until)
        for stage in found.funnel.stages:
            check(f"stage {stage.key}", stage.number, expected.people[stage.key])
        for rate in found.rates:
            check(f"rate {rate.key}", (rate.part, rate.whole), expected.rates[rate.key])
        for step in found.funnel.steps:
            for name, number in expected.steps[step.id].items():
                check(f"step {step.order} {name}", getattr(step, name), number)
            for variant in step.variants:
                numbers = (variant.reached, variant.answered, variant.opened, variant.clicked)
                check(f"variant {variant.variant}", numbers, expected.variants[step.id, variant.variant])
        for line in found.channels:
            for name, number in expected.channels[line.channel].items():
                check(f"channel {line.channel} {name}", getattr(line.numbers, name), number)
        check("channels", sorted(each.channel for each in found.channels), sorted(expected.channels))
        for line in found.accounts:
            numbers = tuple(
                getattr(line.numbers, name) for name in ("sent", "delivered", "opened", "replied", "bounced")
            )
            check(f"account {line.account_id}", numbers, expected.accounts.get(line.account_id))
        check("accounts", len(found.accounts), len(expected.accounts))
        for cohort in found.cohorts:
            check(f"week {cohort.week}", (cohort.started, cohort.reached["contacted"], cohort.reached["replied"],
                  cohort.reached["bounced"]), expected.cohorts[cohort.week])  # fmt: skip
        check("weeks", len(found.cohorts), len(expected.cohorts))
        for day in found.days:
            check(f"day {day.day}", (day.sent, day.reached["contacted"], day.reached["opened"], day.reached["replied"]),
                  expected.days.get(day.day, (0, 0, 0, 0)))  # fmt: skip
        check("states", {name: number for name, number in found.states.items() if number}, expected.states)
        check("waiting", waiting.waiting, expected.waiting)
        check("funnel", kept.enrolled, expected.people_of_all["enrolled"])
    return compared, wrong


def compare_stats(world: World, database: psycopg.Connection[Any]) -> tuple[int, list[str]]:
    """Compare the figures of all campaigns together."""
    from campaigns.analytics.stats import stats
    from lad.tenancy.context import tenant_context
    from tenants.teams.models import Tenant

    with tenant_context(world.tenant):
        found = stats(Tenant.objects.get(pk=world.tenant))
    wrong = []
    for row in found.campaigns:
        expected = Recount(database, world.tenant, row.campaign.pk).report(None, None)
        ours = (row.people["enrolled"], row.people["contacted"], row.people["replied"], row.sent.sent)
        sent = sum(each["sent"] for each in expected.channels.values())
        people = expected.people_of_all
        theirs = (people["enrolled"], people["contacted"], people["answered"], sent)
        if ours != theirs:
            wrong.append(f"stats of {row.campaign.name}: LAD {ours}, SQL {theirs}")
    return 4 * len(found.campaigns), wrong


def measure_reads(world: World, campaigns: list[UUID], reads: int) -> dict[str, list[list[float]]]:
    """Return the milliseconds of each read of the page and of the API, in turn, for each campaign."""
    browser, client = world.browser(), world.client()
    targets = {
        "page": [partial(browser.get, f"/admin/campaigns/campaign/{key}/analytics/") for key in campaigns],
        "API": [partial(client.get, f"/api/v1/campaigns/{key}/analytics/") for key in campaigns],
    }
    times: dict[str, list[list[float]]] = {name: [[] for _ in campaigns] for name in targets}
    for number in range(reads + 5):
        for name, calls in targets.items():
            order = range(len(calls)) if number % 2 else reversed(range(len(calls)))
            for place in order:
                started = time.perf_counter()
                response = calls[place]()
                took = (time.perf_counter() - started) * 1000
                if response.status_code != 200:
                    raise SystemExit(f"The {name} answered {response.status_code}.")
                if number >= 5:
                    times[name][place].append(took)
    return times


def measure_cost(world: World, database: psycopg.Connection[Any], sends: int) -> tuple[float, float, float]:
    """Return the microseconds of a send with and without the figures, and of folding what one leaves behind.

    Pairs of blocks, of which the one with figures is the first and the second in turn. The first pair warms up.
    """
    from campaigns.figures import folding

    took: dict[bool, list[float]] = {True: [], False: []}
    folded: list[float] = []
    for pair in range(PAIRS + 1):
        for on in (True, False) if pair % 2 else (False, True):
            world.triggers(database, on=on)
            took[on].append(world.send(sends) / sends)
            if on:
                folded.append(timed(folding.fold_all) / sends)
    world.triggers(database, on=True)
    with_figures, without, folds = (statistics.median(each[1:]) * 1e6 for each in (took[True], took[False], folded))
    return with_figures, without, folds


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="100000,10000000")
    parser.add_argument("--reads", type=int, default=60)
    parser.add_argument("--sends", type=int, default=300)
    parser.add_argument("--live", type=int, default=2_000)
    options = parser.parse_args()
    sizes = [int(size) for size in options.sizes.split(",")]
    directory = Path(tempfile.mkdtemp(prefix="lad-analytics-"))
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, directory, ignore_errors=True)
        os.environ["MAIL_SANDBOX_HOSTS"] = "127.0.0.1"
        database = stack.enter_context(migrated_servers(directory, DB_POOL="false", ALLOWED_HOSTS="*"))
        import django

        django.setup()
        from django.core.management import call_command

        from campaigns.figures.recounting import recount

        call_command("collectstatic", verbosity=0, interactive=False)
        world = World.create(database)
        stack.callback(world.sink.terminate)
        campaigns = []
        for size in sizes:
            print(f"filling {size:,} activities", flush=True)
            campaigns.append(world.fill(database, size))
            print(f"  counted in {timed(partial(recount, world.tenant, campaigns[-1])):,.1f} s", flush=True)
        recount(world.tenant, world.sending)
        compared = 0
        wrong: list[str] = []
        for size, campaign in zip(sizes, campaigns, strict=True):
            world.go_on(database, campaign, options.live)
            number, differing = compare(world, database, campaign)
            print(f"  {size:12,} activities: {number:,} figures compared, {len(differing)} differ", flush=True)
            compared, wrong = compared + number, wrong + differing
        number, differing = compare_stats(world, database)
        compared, wrong = compared + number, wrong + differing
        for text in wrong[:20]:
            print(f"    {text}", flush=True)
        again = [len(recount(world.tenant, campaign)) for campaign in campaigns]
        print(f"  counted anew: {sum(again)} differences", flush=True)
        database.execute("VACUUM ANALYZE")
        times = measure_reads(world, campaigns, options.reads)
        growths = {}
        for name, (first, *_others, last) in times.items():
            small, large = percentile(first, 0.95), percentile(last, 0.95)
            growths[name] = large / small
            middles = f"median {statistics.median(first):.0f} and {statistics.median(last):.0f} ms"
            print(f"  {name}: p95 {small:.0f} ms and {large:.0f} ms, {growths[name]:.2f} times; {middles}", flush=True)
        on, off, folding = measure_cost(world, database, options.sends)
        cost = (on + folding - off) / off
        print(f"  a send: {off:,.0f} µs without, {on:,.0f} µs with figures, {folding:,.0f} µs to fold them", flush=True)
        print(f"  load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors", flush=True)
    aims = [
        (f"{compared:,} figures equal the recount, {len(wrong)} differ", compared > 100 and not wrong),
        (f"counting anew finds {sum(again)} differences", not sum(again)),
        *(
            (f"{name} {growth:.2f} times as slow at the largest size, aim {AIM_GROWTH}", growth <= AIM_GROWTH)
            for name, growth in growths.items()
        ),
        (f"figures cost {cost:.1%} of a send, aim {AIM_COST:.0%}", cost <= AIM_COST),
    ]
    tell(aims)
    return 0


if __name__ == "__main__":
    sys.exit(main())
