"""A bulk action on many leads, watched, cancelled and survived in a real browser."""

import csv
import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone
from playwright.sync_api import Page, expect

from lad.audit.models import AuditEntry
from lad.jobs.models import Job, JobState
from lad.tenancy.context import platform_context
from leads.contacts.models import Lead
from tenants.accounts.models import User
from tests.support.database import stored
from tests.support.events import events
from tests.support.jobs import change_job, make_leads
from tools.runtime.process import Child, spawn

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

MAYA = "maya.lindqvist@kestrel-analytics.example"
LEADS = 5_000
PART_SECONDS = 0.35

StartWorker = Callable[[], Child]


@pytest.fixture
def start_worker(tmp_path: Path) -> Iterator[StartWorker]:
    """``start_worker()`` starts a process that runs jobs of the test's database."""
    login, _, options = os.environ["DATABASE_URL"].partition("?")
    url = f"{login.rpartition('/')[0]}/{connection.settings_dict['NAME']}?{options}"
    started: list[Child] = []

    def start() -> Child:
        command = [sys.executable, "-m", "tests.support.job_worker", str(PART_SECONDS)]
        environment = {**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "lad.settings"}
        log = tmp_path / "worker.log"
        started.append(spawn("jobs", command, log=log, directory=settings.BASE_DIR, environment=environment))
        return started[-1]

    yield start
    for each in started:
        each.kill()


def figure(page: Page, name: str) -> int:
    return int(page.inner_text(f"[data-fact='{name}']").replace(",", ""))


def run_on_all(page: Page, action: str) -> None:
    """Select every lead of the filter and run the action."""
    page.check("#action-toggle")
    page.click("span.question a")
    page.select_option("select[name=action]", label=action)
    page.click("button[name=index]")


def wait_for_progress(page: Page, more_than: int) -> int:
    page.wait_for_function(
        "than => Number(document.querySelector(\"[data-fact='Done']\").innerText.replace(',', '')) > than",
        arg=more_than,
    )
    return figure(page, "Done")


def shown_job(page: Page) -> Job:
    page.wait_for_selector("#job-progress")
    found = re.search(r"/jobs/job/([0-9a-f-]+)/change/", page.url)
    assert found
    with platform_context():
        job: Job = Job.objects.get(pk=found.group(1))
    return job


def test_a_bulk_action_is_watched_survives_a_killed_worker_and_is_reported(
    opened: Callable[..., Page], start_worker: StartWorker, tmp_path: Path
) -> None:
    with platform_context():
        maya = User.objects.get(email=MAYA)
    make_leads(maya.primary_tenant_id, LEADS, source="trade fair")
    page = opened(MAYA, at="/admin/leads/lead/?source=trade+fair")
    run_on_all(page, "Move to stage")
    expect(page.locator("#bulk-action-form")).to_contain_text(f"{LEADS:,} leads")
    page.select_option("[name=stage]", "qualified")
    page.click("#bulk-action-form button:has-text('Move to stage')")
    job = shown_job(page)
    with platform_context():
        Lead.objects.filter(source="trade fair", last_name="000077").delete()
    doomed = start_worker()
    seen = wait_for_progress(page, 0)
    doomed.kill()
    assert 0 < seen < LEADS
    change_job(job, lease_until=timezone.now())
    start_worker()
    wait_for_progress(page, seen)
    expect(page.locator("#job-message")).to_contain_text("Finished, except for 1 row", timeout=30_000)
    expect(page.locator("#job-failures")).to_contain_text("The lead was deleted in the meantime.")
    with page.expect_download() as download:
        page.click("a:has-text('Download report')")
    download.value.save_as(tmp_path / "report.csv")
    [header, line] = csv.reader((tmp_path / "report.csv").read_text("utf-8-sig").splitlines())
    assert dict(zip(header, line, strict=True))["name"] == "Lead 000077"
    job = stored(job)
    assert (job.state, job.done, job.skipped, job.attempts > 1) == (JobState.SUCCEEDED, LEADS - 1, 1, True)
    moved = [
        event.aggregate_id
        for event in events("leads.lead.stage_changed")
        if event.metadata["request_id"] == str(job.pk)
    ]
    assert len(moved) == len(set(moved)) == LEADS - 1
    with platform_context():
        logged = AuditEntry.objects.filter(table_name="leads", request_id=str(job.pk), actor_id=maya.pk)
        assert sum(logged.values_list("row_count", flat=True)) == LEADS - 1


def test_a_bulk_action_is_cancelled_and_keeps_what_it_did(
    opened: Callable[..., Page], start_worker: StartWorker
) -> None:
    with platform_context():
        maya = User.objects.get(email=MAYA)
    make_leads(maya.primary_tenant_id, LEADS, source="trade fair")
    page = opened(MAYA, at="/admin/leads/lead/?source=trade+fair")
    run_on_all(page, "Archive")
    page.click("#bulk-action-form button:has-text('Archive')")
    job = shown_job(page)
    start_worker()
    wait_for_progress(page, 0)
    page.click("#job-progress a:has-text('Cancel')")
    page.click("#row-action-form button:has-text('Cancel')")
    expect(page.locator("#job-progress")).to_have_attribute("data-state", "cancelled")
    expect(page.locator("#job-message")).to_contain_text("Rows that were changed stay changed.")
    job = stored(job)
    with platform_context():
        archived = Lead.objects.filter(source="trade fair", is_archived=True).count()
    assert 0 < archived == job.done < LEADS
    page.goto("/admin/jobs/job/")
    expect(page.locator("#result_list")).to_contain_text("Cancelled")
