"""Many rows cost few statements, a killed worker loses and repeats none, and an import can be corrected and undone."""

import csv
import io
import os
import signal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from aiicp.lead_files import jobs
from aiicp.lead_files.models import LeadFileRow
from aiicp.lead_files.writing import write_rows
from lad import writes
from lad.jobs.models import Job, JobState
from lad.spreadsheets import plain_text
from lad.tenancy.context import platform_context
from leads.contacts.models import Lead, LeadSocial
from leads.pipeline import services as pipeline
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.aiicp.lead_files.test_importing import URL, imported, leads, send
from tests.factories.campaigns import CampaignLeadFactory
from tests.factories.leads import LeadFactory, LeadNoteFactory
from tests.lad.jobs.test_worker import let_lease_expire
from tests.support.api import problem
from tests.support.database import stored
from tests.support.forks import in_child
from tests.support.jobs import run_jobs


def people(number: int, *, company: str = "") -> bytes:
    """Return a file of that many people, each with a mobile number."""
    rows = [f"Lead{each:04},p{each}@many.example,+9715010{each:05},{company}" for each in range(number)]
    return "\n".join(["First name,Email,WhatsApp,Company", *rows]).encode()


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return how many statements each part of an import took to find its people and to write them."""
    counted: list[int] = []

    def counting(*args: Any, **kwargs: Any) -> Any:
        with CaptureQueriesContext(connection) as seen:
            written = write_rows(*args, **kwargs)
        counted.append(len(seen))
        return written

    monkeypatch.setattr(jobs, "write_rows", counting)
    return counted


@pytest.mark.parametrize("duplicates", ["skip", "update", "create"])
def test_a_part_takes_as_many_statements_for_many_rows_as_for_few(
    api: Any, member: User, tenant: Tenant, parts: list[int], duplicates: str
) -> None:
    client, common = api(member), {"duplicates": duplicates, "owner": str(member.pk), "tags": '["fair"]'}
    with platform_context(tenant_id=tenant.pk):
        # Its stages are made for its first lead.
        pipeline.ensure(tenant.pk)
    for number in (10, 80):
        with platform_context(tenant_id=tenant.pk):
            Lead.all_objects.all().delete()
            LeadSocial.objects.all().delete()
        # Once as new people, and once more with those of whom half are leads already.
        imported(client, people(number), **common)
        imported(client, people(2 * number, company="Acme"), **common)
    # Two parts of few rows, and two of many.
    assert len(parts) == 4
    assert parts[2:] == parts[:2]
    assert 0 < max(parts) < 30
    with platform_context(tenant_id=tenant.pk):
        # The second file has twice as many people; where duplicates are made, all of them are new.
        assert Lead.objects.count() == {"skip": 160, "update": 160, "create": 240}[duplicates]
        completed = Lead.objects.filter(company_name="Acme").count()
    assert completed == {"skip": 80, "update": 160, "create": 160}[duplicates]


def test_rows_of_one_part_that_mean_the_same_person_complete_each_other(api: Any, member: User, tenant: Tenant) -> None:
    with platform_context(tenant_id=tenant.pk):
        known = LeadFactory.create(first_name="", last_name="", email="a@acme.example", company_name="", title="Boss")
    content = (
        b"First name,Email,Company,Job title,WhatsApp\n"
        b"Ann,a@acme.example,,Clerk,\n"
        b",a@acme.example,Acme,,+971501234567\n"
        b"Bob,b@acme.example,,,\n"
        b",b@acme.example,Acme,CEO,\n"
        b",b@acme.example,Other,,\n"
    )
    job = imported(api(member), content, duplicates="update")
    assert (job["done"], job["skipped"], job["failed"]) == (5, 0, 0)
    assert job["result"] == {"changed": 4, "unchanged": 1}
    found = leads(tenant)
    assert sorted(found) == ["Ann", "Bob"]
    assert (found["Ann"].pk, found["Ann"].company_name, found["Ann"].title) == (known.pk, "Acme", "Boss")
    assert (found["Bob"].company_name, found["Bob"].title) == ("Acme", "CEO")
    with platform_context():
        assert LeadSocial.objects.get(lead=known.pk).data["whatsapp"] == "+971501234567"


@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_in_the_middle_of_an_import_loses_and_repeats_no_row(
    api: Any, member: User, tenant: Tenant, monkeypatch: Any
) -> None:
    number = 2 * jobs.PART_SIZE + 10
    parent, calls = os.getpid(), []

    def die_in_the_second_part(*args: Any, **kwargs: Any) -> Any:
        written = write_rows(*args, **kwargs)
        calls.append(written)
        if os.getpid() != parent and len(calls) == 2:
            os.kill(os.getpid(), signal.SIGKILL)
        return written

    monkeypatch.setattr(jobs, "write_rows", die_in_the_second_part)
    answer = send(api(member), "import", people(number))
    job = Job(pk=answer.json()["id"])
    assert in_child(run_jobs) == signal.SIGKILL
    assert (stored(job).state, stored(job).done) == (JobState.RUNNING, jobs.PART_SIZE)
    assert len(leads(tenant)) == jobs.PART_SIZE
    let_lease_expire(job)
    run_jobs()
    assert (stored(job).state, stored(job).done) == (JobState.SUCCEEDED, number)
    with platform_context(tenant_id=tenant.pk):
        emails = list(Lead.objects.values_list("email", flat=True))
        assert sorted(emails) == sorted(f"p{each}@many.example" for each in range(number))
        assert not LeadFileRow.objects.exists()


def refused(client: Any, job: str) -> list[dict[str, str]]:
    answer = client.get(f"{URL}imports/{job}/refused/")
    assert answer.status_code == 200
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return [{name: plain_text(cell) for name, cell in row.items()} for row in csv.DictReader(io.StringIO(text))]


def test_refused_rows_can_be_downloaded_corrected_and_imported(
    api: Any, member: User, owner: User, tenant: Tenant
) -> None:
    client = api(member)
    content = b"Email,City,Shoe\nann@acme.example,Rome,41\nbob at acme,Bonn,42\nann@acme.example,,43\n=x,Nice,44\n"
    job = imported(client, content, mapping='{"2": "custom"}')
    assert (job["done"], job["failed"], job["skipped"]) == (1, 2, 1)
    rows = refused(client, job["id"])
    assert [(row["Row of the file"], row["E-mail"], row["City"], row["Shoe"]) for row in rows] == [
        ("3", "bob at acme", "Bonn", "42"),
        ("4", "ann@acme.example", "", "43"),
        ("5", "=x", "Nice", "44"),
    ]
    assert "names nobody" in rows[0]["What to correct"]
    assert "already" in rows[1]["What to correct"]
    # It is the file of who imported it, also for those who may see all jobs.
    assert problem(api(owner).get(f"{URL}imports/{job['id']}/refused/")) == (404, "not_found")
    rows[0]["E-mail"] = "bob@acme.example"
    corrected = io.StringIO()
    writer = csv.DictWriter(corrected, rows[0])
    writer.writeheader()
    writer.writerows(rows[:1])
    assert imported(client, corrected.getvalue().encode())["done"] == 1
    with platform_context(tenant_id=tenant.pk):
        assert Lead.objects.get(email="bob@acme.example").location == "Bonn"


def test_an_import_is_undone_but_for_what_somebody_has_touched(
    api: Any, member: User, owner: User, tenant: Tenant
) -> None:
    client, admin = api(member), api(owner)
    with platform_context(tenant_id=tenant.pk):
        LeadFactory.create(first_name="Old", email="old@acme.example", source="file", raw_data={"import": "another"})
    content = people(6) + b"\nOld,old@acme.example,,Acme\n,p4@many.example,,Late\n"
    job = imported(client, content, duplicates="update")
    assert job["done"] == 8
    with platform_context(tenant_id=tenant.pk):
        changed, noted, enrolled = (Lead.objects.get(email=f"p{each}@many.example") for each in range(3))
        writes.update(changed, {"title": "Boss"}, actor=member)
        LeadNoteFactory.create(lead=noted)
        CampaignLeadFactory.create(lead=enrolled)
    undone = admin.post(f"{URL}imports/{job['id']}/undo/")
    assert undone.status_code == 202, undone.content
    assert undone.json()["title"] == "Undo the import of fair.csv: delete 6 leads"
    run_jobs()
    shown = admin.get(undone["Location"]).json()
    assert (shown["done"], shown["skipped"], shown["failed"]) == (3, 3, 0)
    assert sorted(leads(tenant)) == ["Lead0000", "Lead0001", "Lead0002", "Old"]
    with platform_context(tenant_id=tenant.pk):
        assert Lead.all_objects.deleted().count() == 3
    failures = admin.get("/api/v1/job-failures/", {"job": shown["id"]}).json()["results"]
    assert sorted(each["reason"] for each in failures) == [
        "It has a note.",
        "It is in a campaign.",
        "It was changed after the import.",
    ]


def test_an_import_that_runs_or_is_anothers_is_not_undone(
    api: Any, member: User, owner: User, other_owner: User, tenant: Tenant
) -> None:
    job = send(api(member), "import", people(1)).json()["id"]
    assert problem(api(owner).post(f"{URL}imports/{job}/undo/")) == (409, "import_not_finished")
    run_jobs()
    assert problem(api(other_owner).post(f"{URL}imports/{job}/undo/"))[0] in (403, 404)
    assert len(leads(tenant)) == 1
    undone = api(owner).post(f"{URL}imports/{job}/undo/").json()["id"]
    # A job that is no import has no rows to correct and nothing to undo.
    assert problem(api(owner).post(f"{URL}imports/{undone}/undo/")) == (404, "not_found")
