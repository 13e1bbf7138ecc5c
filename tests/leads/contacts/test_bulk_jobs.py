"""Many leads are changed by a job: started from the list in the admin or through the API."""

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from lad.admin.pagination import CappedPaginator
from lad.jobs.bulk import MAX_ROWS_AT_ONCE, RUNS_IN_BACKGROUND
from lad.jobs.models import Job, JobState
from lad.jobs.services import start
from lad.tenancy.access import access_in_tenant
from lad.tenancy.context import platform_context
from leads.contacts.jobs import ARCHIVE
from leads.contacts.models import Lead
from tenants.accounts.models import User, UserSession
from tenants.activity.models import DataExport
from tenants.teams.models import Tenant
from tests.leads.helpers import LEADS
from tests.support.api import problem
from tests.support.database import one, stored
from tests.support.jobs import make_leads, run_jobs
from tests.tenants.helpers import confirmed

LIST = "/admin/leads/lead/"
JOBS = "/api/v1/jobs/"
MANY = MAX_ROWS_AT_ONCE + 1

Browse = Callable[..., Client]
Api = Callable[..., APIClient]


@pytest.fixture
def many(tenant: Tenant, stages: None) -> None:
    """More new leads than are changed at once, and some that were won."""
    make_leads(tenant.pk, MANY)
    make_leads(tenant.pk, 3, stage="won", source="other")


def all_of_filter(action: str, **more: Any) -> dict[str, Any]:
    return {"action": action, "_selected_action": ["any"], "select_across": "1", "index": "0", **more}


def in_stage(tenant: Tenant, stage: str) -> int:
    with platform_context(tenant_id=tenant.pk):
        return int(Lead.objects.filter(stage=stage).count())


def jobs_of(tenant: Tenant) -> list[Job]:
    with platform_context(tenant_id=tenant.pk):
        return list(Job.objects.all())


def test_an_action_on_all_rows_of_a_filter_says_how_many_and_becomes_a_job_for_exactly_those(
    admin_of: Browse, member: User, tenant: Tenant, many: None
) -> None:
    browser = admin_of(member)
    asked = browser.post(f"{LIST}?stage=new", all_of_filter("move_all")).content.decode()
    assert f"Move to stage: {MANY} leads" in asked
    assert RUNS_IN_BACKGROUND in asked
    assert asked.count('name="_selected_action"') == 1
    done = browser.post(f"{LIST}?stage=new", all_of_filter("move_all", confirmed="1", stage="lost"))
    [job] = jobs_of(tenant)
    assert done.headers["Location"] == f"/admin/jobs/job/{job.pk}/change/"
    assert (job.total, job.created_by_user_id, job.title) == (MANY, member.pk, f"Move {MANY} leads to “Lost”")
    assert in_stage(tenant, "lost") == 0
    run_jobs()
    assert (in_stage(tenant, "lost"), in_stage(tenant, "won")) == (MANY, 3)


def test_an_action_without_a_form_asks_before_it_becomes_a_job(
    admin_of: Browse, member: User, tenant: Tenant, many: None
) -> None:
    browser = admin_of(member)
    assert f"Archive: {MANY} leads" in browser.post(f"{LIST}?stage=new", all_of_filter("archive_all")).content.decode()
    assert jobs_of(tenant) == []
    browser.post(f"{LIST}?stage=new", all_of_filter("archive_all", confirmed="1"))
    run_jobs()
    assert [(job.state, job.done) for job in jobs_of(tenant)] == [(JobState.SUCCEEDED, MANY)]


def test_a_few_rows_are_changed_at_once(admin_of: Browse, member: User, tenant: Tenant, many: None) -> None:
    answer = admin_of(member).post(f"{LIST}?stage=won", all_of_filter("archive_all"))
    assert [str(message) for message in get_messages(answer.wsgi_request)] == ["3 of 3 leads were archived."]
    assert jobs_of(tenant) == []


def test_deleting_all_rows_of_a_filter_is_a_job(admin_of: Browse, member: User, tenant: Tenant, many: None) -> None:
    browser = admin_of(member)
    assert (
        f"Delete: {MANY} leads" in browser.post(f"{LIST}?stage=new", all_of_filter("delete_selected")).content.decode()
    )
    browser.post(f"{LIST}?stage=new", all_of_filter("delete_selected", confirmed="1"))
    run_jobs()
    assert [(job.state, job.done) for job in jobs_of(tenant)] == [(JobState.SUCCEEDED, MANY)]
    with platform_context(tenant_id=tenant.pk):
        assert Lead.objects.count() == 3


def test_a_thousand_selected_rows_are_accepted_and_a_larger_form_gets_a_clear_sentence(
    admin_of: Browse, member: User, tenant: Tenant, stages: None
) -> None:
    make_leads(tenant.pk, 998)
    with platform_context(tenant_id=tenant.pk):
        keys = [str(key) for key in Lead.objects.values_list("pk", flat=True)]
    browser = admin_of(member)
    chosen = {"action": "archive_all", "_selected_action": keys, "index": "0"}
    assert browser.post(LIST, {**chosen, "confirmed": "1"}).status_code == 302
    assert [job.total for job in jobs_of(tenant)] == [998]
    refused = browser.post(LIST, {**chosen, "_selected_action": keys * 6})
    assert refused.status_code == 413
    assert "Select fewer rows, or all rows of the list at once." in refused.content.decode()


def test_people_see_their_own_jobs_and_overseers_all(
    admin_of: Browse, api: Api, member: User, admin: User, viewer: User, many: None
) -> None:
    api(member).post(f"{LEADS}bulk/archive/", {"filter": {"stage": "won"}}, format="json")
    job = one(Job)
    pages = [admin_of(each).get(f"/admin/jobs/job/{job.pk}/change/").status_code for each in (member, admin, viewer)]
    assert pages == [200, 200, 404]
    assert [api(each).get(f"{JOBS}{job.pk}/").status_code for each in (member, admin, viewer)] == [200, 200, 404]
    assert problem(api(viewer).post(f"{JOBS}{job.pk}/cancel/")) == (404, "not_found")
    assert api(admin).post(f"{JOBS}{job.pk}/cancel/").json()["state"] == JobState.CANCELLED
    assert problem(api(member).post(f"{JOBS}{job.pk}/cancel/")) == (409, "job_over")


def csv_of(report: Any) -> list[list[str]]:
    return list(csv.reader(io.StringIO(b"".join(report.streaming_content).decode("utf-8-sig"))))


def exported() -> list[tuple[Any, str, int | None]]:
    with platform_context():
        return [(each.user_id, each.kind, each.row_count) for each in DataExport.objects.all()]


def test_the_page_of_a_job_shows_its_progress_and_its_report(
    admin_of: Browse, api: Api, member: User, admin: User, tenant: Tenant, many: None
) -> None:
    browser = admin_of(member)
    assert "No jobs yet" in browser.get("/admin/jobs/job/").content.decode()
    browser.post(f"{LIST}?stage=new", all_of_filter("archive_all", confirmed="1"))
    [job] = jobs_of(tenant)
    with platform_context(tenant_id=tenant.pk):
        Lead.objects.filter(last_name="000001", stage="new").update(first_name="=1+1")
        Lead.objects.filter(last_name="000001", stage="new").delete()
    page = browser.get(f"/admin/jobs/job/{job.pk}/change/").content.decode()
    assert "hx-trigger" in page
    assert f"/admin/jobs/job/{job.pk}/cancel/" in page
    run_jobs()
    progress = browser.get(f"/admin/jobs/job/{job.pk}/progress/").content.decode()
    assert "hx-trigger" not in progress
    assert "Finished, except for 1 row listed below." in progress
    address = f"/admin/jobs/job/{job.pk}/report/"
    reason = "The lead was deleted in the meantime."
    [header, line] = csv_of(browser.get(address))
    assert (header, line[1:]) == (["id", "outcome", "field", "reason"], ["skipped", "", reason])
    assert exported() == []
    # Whoever may export gets the names as well.
    [header, line] = csv_of(admin_of(admin).get(address))
    assert header == ["id", "name", "outcome", "field", "reason"]
    assert line[1:] == ["'=1+1 000001", "skipped", "", reason]
    assert exported() == [(admin.pk, "job report", 1)]
    with platform_context():
        UserSession.objects.update(confirmed_at=None)
    assert admin_of(admin).get(address).status_code == 200
    assert problem(api(admin).get(f"{JOBS}{job.pk}/report/")) == (403, "step_up_required")
    assert csv_of(confirmed(api, admin).get(f"{JOBS}{job.pk}/report/"))[1][1] == "'=1+1 000001"


def test_the_admin_cancels_a_job(admin_of: Browse, member: User, tenant: Tenant, many: None) -> None:
    browser = admin_of(member)
    browser.post(f"{LIST}?stage=new", all_of_filter("archive_all", confirmed="1"))
    [job] = jobs_of(tenant)
    assert browser.post(f"/admin/jobs/job/{job.pk}/cancel/").status_code == 302
    assert stored(job).state == JobState.CANCELLED
    assert "Cancelled after 0 of" in browser.get(f"/admin/jobs/job/{job.pk}/change/").content.decode()


def test_the_api_starts_a_job_on_a_filter_and_answers_with_its_address(
    api: Api, member: User, tenant: Tenant, many: None
) -> None:
    body = {"filter": {"stage__in": ["new", "lost"], "is_archived": False}, "stage": "won"}
    answer = api(member).post(f"{LEADS}bulk/move/", body, format="json", HTTP_IDEMPOTENCY_KEY="once")
    assert answer.status_code == 202
    again = api(member).post(f"{LEADS}bulk/move/", body, format="json", HTTP_IDEMPOTENCY_KEY="once")
    assert (again.headers["Idempotent-Replayed"], again.headers["Location"]) == ("true", answer.headers["Location"])
    assert len(jobs_of(tenant)) == 1
    run_jobs()
    shown = api(member).get(answer.headers["Location"]).json()
    assert (shown["state"], shown["total"], shown["done"]) == ("succeeded", MANY, MANY)
    assert in_stage(tenant, "won") == MANY + 3


def test_the_api_starts_a_job_on_ids(api: Api, member: User, tenant: Tenant, many: None) -> None:
    with platform_context(tenant_id=tenant.pk):
        ids = [str(key) for key in Lead.objects.filter(stage="won").values_list("pk", flat=True)]
    answer = api(member).post(f"{LEADS}bulk/assign/", {"ids": ids, "assigned_user": str(member.pk)}, format="json")
    assert (answer.status_code, answer.json()["title"]) == (202, f"Assign 3 leads to {member.full_name}")
    deletion = api(member).post(f"{LEADS}bulk/delete/", {"ids": ids}, format="json")
    assert (deletion.status_code, deletion.json()["title"]) == (202, "Delete 3 leads")
    run_jobs()
    with platform_context(tenant_id=tenant.pk):
        gone = Lead.all_objects.filter(pk__in=ids, assigned_user=member.pk, deleted_at__isnull=False)
        assert gone.count() == 3
    report: Any = api(member).get(f"{JOBS}{answer.json()['id']}/report/")
    assert b"".join(report.streaming_content) == b"\xef\xbb\xbfid,outcome,field,reason\r\n"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "non_field_errors"),
        ({"ids": ["01890000-0000-7000-8000-000000000000"], "filter": {}}, "non_field_errors"),
        ({"filter": {"colour": "red"}}, "filter.colour"),
        ({"filter": {"ordering": "-created_at"}}, "filter.ordering"),
        ({"filter": {"is_archived": "perhaps"}}, "filter.is_archived"),
        ({"filter": {"stage": {"not": "new"}}}, "filter.stage"),
    ],
)
def test_a_malformed_selection_is_refused(api: Api, member: User, many: None, body: Any, field: str) -> None:
    answer = api(member).post(f"{LEADS}bulk/archive/", body, format="json")
    assert problem(answer)[0] == 400
    assert list(answer.json()["errors"]) == [field]


def test_an_empty_selection_an_unknown_stage_and_a_missing_right_start_no_job(
    api: Api, member: User, viewer: User, tenant: Tenant, many: None
) -> None:
    nothing = {"filter": {"stage": "lost"}}
    assert problem(api(member).post(f"{LEADS}bulk/archive/", nothing, format="json")) == (409, "nothing_to_change")
    nowhere = {"filter": {}, "stage": "nowhere"}
    assert problem(api(member).post(f"{LEADS}bulk/move/", nowhere, format="json"))[0] == 400
    assert problem(api(viewer).post(f"{LEADS}bulk/archive/", {"filter": {}}, format="json")) == (403, "missing_right")
    assert jobs_of(tenant) == []


def test_a_job_takes_the_same_number_of_statements_for_any_number_of_rows(
    api: Api, member: User, tenant: Tenant, stages: None
) -> None:
    counts = []
    for number in (10, 1_000):
        make_leads(tenant.pk, number, source=f"list of {number}")
        with CaptureQueriesContext(connection) as captured:
            body = {"filter": {"source": f"list of {number}"}}
            assert api(member).post(f"{LEADS}bulk/archive/", body, format="json").json()["total"] == number
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_a_list_that_is_counted_only_in_part_offers_all_rows_that_match(
    admin_of: Browse, member: User, tenant: Tenant, many: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = admin_of(member)
    assert "Select all 204 leads" in browser.get(LIST).content.decode()
    monkeypatch.setattr(CappedPaginator, "limit", 100)
    assert "Select all leads that match" in browser.get(LIST).content.decode()
    browser.post(LIST, all_of_filter("archive_all", confirmed="1"))
    assert [job.total for job in jobs_of(tenant)] == [MANY + 3]


def test_a_job_never_takes_rows_of_another_tenant(
    api: Api, member: User, superuser: User, tenant: Tenant, other_tenant: Tenant, many: None
) -> None:
    make_leads(other_tenant.pk, 2)
    with platform_context(tenant_id=other_tenant.pk):
        theirs = [str(key) for key in Lead.objects.values_list("pk", flat=True)]
    refused = api(member).post(f"{LEADS}bulk/archive/", {"ids": theirs}, format="json")
    assert problem(refused) == (409, "nothing_to_change")
    with platform_context():
        of_all_tenants = Lead.objects.all()
    with platform_context(tenant_id=tenant.pk, user_id=superuser.pk):
        access = access_in_tenant(superuser.pk, tenant.pk)
        job = start(kind=ARCHIVE, rows=of_all_tenants, parameters={}, access=access)
    assert job.total == MANY + 3
    run_jobs()
    assert (stored(job).state, stored(job).done) == (JobState.SUCCEEDED, MANY + 3)
    with platform_context(tenant_id=other_tenant.pk):
        assert not Lead.objects.filter(is_archived=True).exists()
