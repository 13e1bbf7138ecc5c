"""Long do-not-contact lists are imported as jobs: nothing is lost, nothing counts twice, and bad lines are named."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from lad.jobs.models import Job, JobFailure, JobState
from lad.jobs.services import purge
from lad.tenancy.context import platform_context
from leads.contactability.admin.importing import MAX_LINES_AT_ONCE
from leads.contactability.jobs import PART_SIZE
from leads.contactability.models import Suppression, SuppressionLine
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.leads.contactability.workbooks import workbook
from tests.support.api import field_problems, problem, text
from tests.support.jobs import run_jobs

URL = "/api/v1/suppressions/import-file/"
BAD = "nobody"
CSV = f"name;email\nMaya;maya@acme.example\nBob;{BAD}\n;\nAgain;MAYA@acme.example\nAda;ada@acme.example\n".encode()
ROWS: list[list[Any]] = [
    ["Name", "Phone"],
    ["Maya", "+971 50 111 2233"],
    ["Bob", BAD],
    [None, None],
    ["Ada", 971501112244.0],
    ["Eve", "9.71501112255E+11"],
]


def send(client: Any, content: bytes, name: str = "list.csv", **values: Any) -> Any:
    return client.post(URL, {"file": SimpleUploadedFile(name, content), **values}, format="multipart")


def listed() -> set[str]:
    with platform_context():
        return set(Suppression.objects.values_list("address", flat=True))


def imported(client: Any, content: bytes, name: str = "list.csv", **values: Any) -> dict[str, Any]:
    """Import a file and return the job as the API shows it at the end."""
    answer = send(client, content, name, **values)
    assert answer.status_code == 202, answer.content
    run_jobs()
    shown: dict[str, Any] = client.get(answer["Location"]).json()
    assert shown["state"] == JobState.SUCCEEDED
    return shown


def test_a_file_is_imported_as_a_job_that_names_its_bad_lines(api: Any, member: User, tenant: Tenant) -> None:
    client = api(member)
    job = imported(client, CSV, channel="email", source="old tool")
    assert listed() == {"maya@acme.example", "ada@acme.example"}
    assert job["title"] == "Import 4 lines into the do-not-contact list"
    assert (job["total"], job["done"], job["failed"]) == (4, 3, 1)
    assert job["result"] == {"changed": 2, "unchanged": 1}
    [failure] = client.get("/api/v1/job-failures/", {"job": job["id"]}).json()["results"]
    assert failure["label"] == "Line 3: nobody"
    assert "is not an e-mail address" in failure["reason"]
    with platform_context():
        row = Suppression.objects.get(address="maya@acme.example")
        assert (row.channel, row.source, row.created_by_user_id) == ("email", "old tool", member.pk)
        # Personal data does not stay behind, except for what nobody understood.
        assert list(SuppressionLine.objects.values_list("text", flat=True)) == [BAD]


@pytest.mark.parametrize("shared", [True, False])
def test_a_workbook_is_imported(api: Any, member: User, shared: bool) -> None:
    rows = [*ROWS[:5], ["Eve", 9.71501112255e11]]
    job = imported(api(member), workbook(rows, shared=shared), "list.xlsx")
    assert listed() == {"+971501112233", "+971501112244", "+971501112255"}
    with platform_context():
        assert JobFailure.objects.get(job=job["id"]).label == "Line 3: nobody"


def test_a_file_that_is_imported_again_changes_nothing(api: Any, member: User) -> None:
    client = api(member)
    imported(client, CSV)
    again = imported(client, CSV)
    assert again["result"] == {"changed": 0, "unchanged": 3}
    assert len(listed()) == 2


def test_a_list_of_several_parts_counts_each_line_once(api: Any, member: User) -> None:
    number = PART_SIZE + 7
    lines = [f"person{each}@many.example" for each in range(number)]
    # The last line repeats the first, in another part.
    job = imported(api(member), "\n".join([*lines, lines[0]]).encode())
    assert job["result"] == {"changed": number, "unchanged": 1}
    assert len(listed()) == number


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"PK\x03\x04 no archive", "no Excel workbook"),
        (workbook(ROWS)[:-30], "no Excel workbook"),
        (workbook([["email"]]), "no addresses"),
        (b"\x00\x01", "no text"),
    ],
)
def test_a_file_that_cannot_be_read_starts_no_job(api: Any, member: User, content: bytes, words: str) -> None:
    answer = send(api(member), content)
    assert problem(answer)[0] == 400
    assert words in answer.json()["detail"]
    with platform_context():
        assert not Job.objects.exists()


def test_who_may_not_add_entries_imports_none(api: Any, viewer: User, member: User) -> None:
    assert problem(send(api(viewer), CSV)) == (403, "missing_right")
    assert list(field_problems(send(api(member), CSV, channel="pigeon"))) == ["channel"]


def test_a_long_list_is_imported_in_the_background_after_its_preview(
    admin_of: Callable[..., Client], owner: User
) -> None:
    browser, address = admin_of(owner), "/admin/leads/suppression/import/"
    lines = [f"person{each}@many.example" for each in range(MAX_LINES_AT_ONCE)]
    values = {"channel": "all", "reason": "imported", "source": ""}
    content = "\n".join([*lines, BAD]).encode()
    preview = browser.post(address, {**values, "file": SimpleUploadedFile("old.csv", content)})
    assert "imported in the background" in text(preview)
    started = browser.post(address, {"_kept": preview.context["token"]}, follow=True)
    assert "Import 1,001 lines into the do-not-contact list" in text(started)
    assert listed() == set()
    run_jobs()
    done = text(browser.get(started.redirect_chain[-1][0]))
    assert f"Line 1001: {BAD}" in done
    assert len(listed()) == MAX_LINES_AT_ONCE


def test_the_lines_go_with_their_job(api: Any, member: User, settings: Any) -> None:
    job = imported(api(member), CSV)
    with platform_context():
        finished_at = Job.objects.get(pk=job["id"]).finished_at
        assert SuppressionLine.objects.exists()
    assert purge(now=finished_at + settings.JOB_RETENTION * 2) == 1
    with platform_context():
        assert not SuppressionLine.objects.exists()
