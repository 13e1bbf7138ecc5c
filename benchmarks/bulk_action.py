"""Change 100,000 leads from the admin: python benchmarks/bulk_action.py [--rows 100000]

Starts its own servers and Celery workers. The first job's worker is killed, the second runs undisturbed beside a
small job of another tenant, the third is cancelled. Counts rows, events and audit entries after each.
"""

import argparse
import csv
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import UUID

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.aims import Aims  # noqa: E402  (importable only after sys.path is set)
from benchmarks.servers import migrated_servers  # noqa: E402
from tools.runtime.process import Child, spawn  # noqa: E402

LIST: Final = "/admin/leads/lead/"
TIMEOUT_SECONDS: Final = 900
POLL_SECONDS: Final = 0.1
SMALL: Final = 10
# Longer waits would make people doubt that the job runs.
AIM_START_SECONDS: Final = 5.0
AIM_RECOVERY_SECONDS: Final = 25.0
AIM_SMALL_JOB_SECONDS: Final = 10.0
# A share of the rate of one process that calls the service for 500 leads at a time, without a job.
AIM_SHARE_OF_BARE_RATE: Final = 0.5
BARE_ROWS: Final = 10_000
PART: Final = 500
INSERT_LEADS: Final = """
INSERT INTO leads (tenant_id, first_name, last_name, email, last_activity_at)
SELECT %s, 'Lead', to_char(number, 'FM000000'), 'lead' || number || '@many.example', now()
FROM generate_series(1, %s) AS number
"""


class Bench:
    """A tenant with many leads and one with few, their people, and a worker."""

    def __init__(self, directory: Path, database: Any, rows: int) -> None:
        self.directory = directory
        self.database = database
        self.large = _team("large", database, rows)
        self.small = _team("small", database, SMALL)

    @contextmanager
    def worker(self) -> Iterator[Child]:
        """Run a worker of two processes. It is killed at the end, if it was not before."""
        command = [sys.executable, "-m", "lad.worker", "--concurrency", "2", "-l", "WARNING"]
        child = spawn("worker", command, log=self.directory / "worker.log", directory=ROOT)
        try:
            yield child
        finally:
            child.kill()

    def start(self, team: "Team", action: str, query: str = "", **values: str) -> tuple[Any, float]:
        """Run an action on all rows of a filter, as the list's page does. Return the job and the seconds it took."""
        began = time.monotonic()
        chosen = {"action": action, "_selected_action": ["any"], "select_across": "1", "index": "0"}
        team.browser.post(f"{LIST}{query}", chosen)
        answer = team.browser.post(f"{LIST}{query}", {**chosen, "confirmed": "1", **values})
        return self.job(UUID(answer.headers["Location"].split("/")[-3])), time.monotonic() - began

    def start_through_api(self, team: "Team") -> Any:
        """Archive all leads of the team through the API, which makes a job of any number. Return the job."""
        body: dict[str, Any] = {"filter": {}}
        answer = team.browser.post("/api/v1/leads/bulk/archive/", body, content_type="application/json")
        return self.job(UUID(answer.json()["id"]))

    def job(self, key: UUID) -> Any:
        from lad.jobs.models import Job
        from lad.tenancy.context import platform_context

        with platform_context():
            return Job.objects.get(pk=key)

    def wait(self, job: Any, until: Callable[[Any], bool]) -> tuple[Any, float]:
        """Wait until the job is as wanted. Return it and the seconds that took."""
        began = time.monotonic()
        while time.monotonic() - began < TIMEOUT_SECONDS:
            current = self.job(job.pk)
            if until(current):
                return current, time.monotonic() - began
            time.sleep(POLL_SECONDS)
        raise SystemExit(f"The job {job} did not get there in {TIMEOUT_SECONDS} s.")

    def count(self, sql: str, *values: object) -> int:
        return int(self.database.execute(sql, values).fetchone()[0])

    def bare_rate(self) -> float:
        """Return how many leads a second the service archives when this process calls it, without a job."""
        from lad.tenancy.context import tenant_context
        from leads.contacts.services.leads import archive_many

        found = self.database.execute(
            "UPDATE leads SET is_archived = false WHERE id IN (SELECT id FROM leads WHERE tenant_id = %s LIMIT %s)"
            " RETURNING id",
            [self.large.tenant_id, BARE_ROWS],
        ).fetchall()
        ids = sorted(key for (key,) in found)
        began = time.monotonic()
        for first in range(0, len(ids), PART):
            with tenant_context(self.large.tenant_id):
                archive_many(ids=ids[first : first + PART])
        return len(ids) / (time.monotonic() - began)

    def events_of(self, job: Any) -> tuple[int, int]:
        """Return the number of events that the job caused, and of the leads that they are about."""
        row = self.database.execute(
            "SELECT count(*), count(DISTINCT aggregate_id) FROM domain_events WHERE metadata ->> 'request_id' = %s",
            [str(job.pk)],
        ).fetchone()
        return int(row[0]), int(row[1])

    def audited_rows_of(self, job: Any) -> int:
        return self.count(
            "SELECT COALESCE(sum(row_count), 0) FROM audit_entries WHERE table_name = 'leads' AND request_id = %s",
            str(job.pk),
        )


@dataclass(slots=True)
class Team:
    """A tenant, and a browser in which one of its members is signed in to the admin."""

    tenant_id: UUID
    browser: Any


def _team(name: str, database: Any, rows: int) -> Team:
    from django.test import Client

    from lad.tenancy.context import platform_context
    from leads.pipeline.services import ensure
    from tenants.access.roles import Role
    from tenants.accounts.models import User
    from tenants.teams.models import Membership, PlanTier, Tenant

    with platform_context():
        tenant = Tenant.objects.create(name=name.title(), slug=name, plan_tier=PlanTier.ENTERPRISE)
        user = User.objects.create(email=f"member@{name}.example", is_staff=True, primary_tenant=tenant)
    with platform_context(tenant_id=tenant.pk):
        Membership.objects.create(user=user, role=Role.MEMBER)
        ensure(tenant.pk)
    database.execute(INSERT_LEADS, [tenant.pk, rows])
    database.execute("ANALYZE leads")
    browser = Client(HTTP_HOST="localhost")
    browser.force_login(user)
    return Team(tenant.pk, browser)


def _set_up_django() -> None:
    import django
    from django.conf import settings

    django.setup()
    # Pages name static files, which nobody has collected here.
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}


def killed(bench: Bench, rows: int, aims: Aims) -> None:
    """Move all leads, and kill the worker in the middle."""
    job, seconds = bench.start(bench.large, "move_all", stage="qualified")
    aims.check(job.total == rows, f"the job has exactly the {rows:,} leads of the filter: {job.total:,}")
    aims.check(seconds <= AIM_START_SECONDS, f"asked and started in {seconds:.1f} s, aim {AIM_START_SECONDS:.0f}")
    bench.database.execute(
        "UPDATE leads SET deleted_at = now() WHERE last_name = '000077' AND tenant_id = %s", [bench.large.tenant_id]
    )
    with bench.worker() as doomed:
        job, _seconds = bench.wait(job, lambda each: each.done >= rows // 5)
        doomed.process.send_signal(signal.SIGKILL)
        doomed.kill()
    job = bench.job(job.pk)
    print(f"killed after {job.done:,} rows")
    with bench.worker():
        done = job.done
        job, seconds = bench.wait(job, lambda each: each.done > done)
        aims.check(
            seconds <= AIM_RECOVERY_SECONDS, f"resumed {seconds:.1f} s after the kill, aim {AIM_RECOVERY_SECONDS:.0f}"
        )
        job, _seconds = bench.wait(job, lambda each: each.is_finished)
    events, leads = bench.events_of(job)
    moved = bench.count(
        "SELECT count(*) FROM leads WHERE tenant_id = %s AND stage = 'qualified'", bench.large.tenant_id
    )
    exact = job.done == events == leads == bench.audited_rows_of(job) == moved == rows - 1
    aims.check(exact, f"each row changed exactly once: {moved:,} rows, {events:,} events about {leads:,} leads")
    report = bench.large.browser.get(f"/admin/jobs/job/{job.pk}/report/")
    lines = list(csv.DictReader(b"".join(report.streaming_content).decode("utf-8-sig").splitlines()))
    aims.check([line["name"] for line in lines] == ["Lead 000077"], f"the report names the deleted lead: {lines}")


def undisturbed(bench: Bench, aims: Aims) -> None:
    """Archive all leads, and start a small job of another tenant beside."""
    with bench.worker():
        job, _seconds = bench.start(bench.large, "archive_all")
        bench.wait(job, lambda each: each.done > 0)
        small = bench.start_through_api(bench.small)
        _job, seconds = bench.wait(small, lambda each: each.is_finished)
        aims.check(
            seconds <= AIM_SMALL_JOB_SECONDS and not bench.job(job.pk).is_finished,
            f"another tenant's job of {SMALL} rows ran beside it in {seconds:.1f} s, aim {AIM_SMALL_JOB_SECONDS:.0f}",
        )
        job, _seconds = bench.wait(job, lambda each: each.is_finished)
        bare = bench.bare_rate()
    share = job.rate / bare
    aims.check(
        share >= AIM_SHARE_OF_BARE_RATE,
        f"{job.rate:,.0f} rows a second, {share:.2f} of the {bare:,.0f} of bare calls of the service,"
        f" aim {AIM_SHARE_OF_BARE_RATE}",
    )


def cancelled(bench: Bench, rows: int, aims: Aims) -> None:
    """Move all leads again, and cancel the job in the middle."""
    with bench.worker():
        job, _seconds = bench.start(bench.large, "move_all", stage="lost")
        job, _seconds = bench.wait(job, lambda each: each.done >= rows // 5)
        bench.large.browser.post(f"/admin/jobs/job/{job.pk}/cancel/")
        job, seconds = bench.wait(job, lambda each: each.is_finished)
    lost = bench.count("SELECT count(*) FROM leads WHERE tenant_id = %s AND stage = 'lost'", bench.large.tenant_id)
    kept = job.state == "cancelled" and 0 < job.done == lost < rows
    aims.check(kept, f"cancelled in {seconds:.1f} s after {job.done:,} rows, all of which stay changed: {lost:,}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    options = parser.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="lad-bulk-"))
    aims = Aims()
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, directory, ignore_errors=True)
        database = stack.enter_context(migrated_servers(directory))
        _set_up_django()
        bench = Bench(directory, database, options.rows)
        killed(bench, options.rows, aims)
        undisturbed(bench, aims)
        cancelled(bench, options.rows, aims)
    aims.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
