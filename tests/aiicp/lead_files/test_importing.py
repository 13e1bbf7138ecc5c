"""Files of leads are assessed and imported through the API and the admin, and every row is accounted for."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from aiicp.lead_files.models import LeadFileRow
from lad.jobs.models import Job, JobFailure, JobState
from lad.tenancy.context import platform_context
from leads.contactability.models import Suppression
from leads.contacts.models import Lead, LeadSocial
from tenants.accounts.models import User
from tenants.teams.models import PlanTier, Tenant
from tests.factories.leads import LeadFactory, SuppressionFactory
from tests.leads.contactability.workbooks import workbook
from tests.support.api import field_problems, problem
from tests.support.jobs import run_jobs

URL = "/api/v1/lead-files/"
PAGE = "/admin/leads/lead/import/"
CSV = (
    b"Vorname;Nachname;E-Mail;Telefon;WhatsApp;LinkedIn;Firma;Branche;Stadt;Land;Lieblingsfarbe\n"
    b"Maya;Haddad;maya@acme.example;+971 50 123 4567;+971 50 123 4567;linkedin.com/in/Maya-Haddad/;Acme;Clinics;Dubai;"
    b"UAE;red\n"
    b";;nobody;;;;;;Rome;;\n"
    b"Maya;H.;MAYA@acme.example;;;;;;;;\n"
    b"Bob;Smith;bob at acme;;;https://www.linkedin.com/in/bob-smith;Acme;;;;\n"
    b"Ann;Lee;ann@acme.example;;;;;;;;\n"
)


@pytest.fixture
def known(tenant: Tenant) -> Lead:
    with platform_context(tenant_id=tenant.pk):
        return LeadFactory.create(
            first_name="Robert",
            last_name="",
            email="",
            phone="",
            base_number=None,
            company_name="",
            linkedin_url="http://www.linkedin.com/in/bob-smith/",
            custom_fields={},
            tags=["old"],
        )


def send(client: Any, to: str, content: bytes = CSV, name: str = "fair.csv", **values: Any) -> Any:
    return client.post(f"{URL}{to}/", {"file": SimpleUploadedFile(name, content), **values}, format="multipart")


def imported(client: Any, content: bytes = CSV, **values: Any) -> dict[str, Any]:
    """Import a file and return the job as the API shows it at the end."""
    answer = send(client, "import", content, **values)
    assert answer.status_code == 202, answer.content
    run_jobs()
    shown: dict[str, Any] = client.get(answer["Location"]).json()
    assert shown["state"] == JobState.SUCCEEDED
    return shown


def leads(tenant: Tenant) -> dict[str, Lead]:
    with platform_context(tenant_id=tenant.pk):
        return {lead.first_name: lead for lead in Lead.objects.filter(tenant=tenant.pk)}


def reasons() -> dict[str, str]:
    with platform_context():
        return {each.label.partition(":")[0]: each.reason for each in JobFailure.objects.all()}


def test_an_upload_says_what_the_file_holds_and_stores_nothing(
    api: Any, member: User, tenant: Tenant, known: Lead
) -> None:
    with platform_context(tenant_id=tenant.pk):
        SuppressionFactory.create(address="ann@acme.example", channel="email")
    assert Suppression._meta.db_table == "suppressions"
    answer = send(api(member), "upload")
    assert answer.status_code == 200, answer.content
    body = answer.json()
    counts = ("total_rows", "valid_rows", "new_rows", "known_rows", "repeated_rows", "do_not_contact_rows")
    assert [body[name] for name in counts] == [5, 4, 2, 1, 1, 1]
    assert [each["key"] for each in body["columns"]][-2:] == ["country", ""]
    assert [(each["row"], each["column"]) for each in body["issues"]] == [(3, "email"), (3, ""), (5, "email")]
    by_row = {each["row"]: each for each in body["leads"]}
    assert by_row[5]["lead"] == str(known.pk)
    assert by_row[4]["repeats_row"] == 2
    assert by_row[6]["do_not_contact"] == ["email"]
    coverage = {each["platform"]: each for each in body["coverage"]}
    assert coverage["email"]["sentence"] == "3 of 4 rows (75 %) can be reached by e-mail."
    assert body["suggested_platforms"] == ["email", "linkedin"]
    assert body["excluded_platforms"] == ["whatsapp", "voice"]
    assert len(leads(tenant)) == 1
    with platform_context():
        assert not LeadFileRow.objects.exists()


def test_a_file_becomes_leads_and_names_the_rows_that_do_not(api: Any, member: User, tenant: Tenant) -> None:
    job = imported(api(member), tags='["fair"]', owner=str(member.pk), mapping='{"10": "custom"}')
    assert job["title"] == "Import 5 rows of fair.csv as leads"
    assert (job["total"], job["done"], job["failed"], job["skipped"]) == (5, 3, 1, 1)
    found = leads(tenant)
    assert sorted(found) == ["Ann", "Bob", "Maya"]
    maya = found["Maya"]
    assert (maya.email, maya.phone, maya.location) == ("maya@acme.example", "+971501234567", "Dubai, UAE")
    assert maya.linkedin_url == "https://www.linkedin.com/in/maya-haddad"
    assert maya.custom_fields == {"industry": "Clinics", "Lieblingsfarbe": "red"}
    assert (maya.source, maya.tags, maya.assigned_user_id) == ("file", ["fair"], member.pk)
    assert maya.raw_data and maya.raw_data["row"] == 2
    kept = found["Bob"].raw_data
    assert kept and kept["texts"]["email"] == "bob at acme"
    assert "names nobody" in reasons()["Row 3"]
    assert reasons()["Row 4"] == "There is a lead for this person already."
    with platform_context():
        assert LeadSocial.objects.get(lead=maya.pk).data == {"whatsapp": "+971501234567"}
        assert sorted(LeadFileRow.objects.values_list("number", flat=True)) == [3, 4]


@pytest.mark.parametrize(
    ("duplicates", "number", "name", "email", "tags"),
    [("skip", 1, "Robert", "", ["old"]), ("update", 1, "Robert", "b@acme.example", ["old", "fair"])],
)
def test_a_lead_that_exists_stays_or_is_completed(
    api: Any,
    member: User,
    tenant: Tenant,
    known: Lead,
    duplicates: str,
    number: int,
    name: str,
    email: str,
    tags: list[str],
) -> None:
    content = b"First name,Email,LinkedIn,Colour\nBob,b@acme.example,bob-smith,red\n"
    imported(api(member), content, duplicates=duplicates, tags='["fair"]', mapping='{"3": "custom"}')
    found = leads(tenant)
    assert len(found) == number
    assert (found[name].email, found[name].tags) == (email, tags)
    assert found[name].custom_fields == ({"Colour": "red"} if duplicates == "update" else {})


def test_another_lead_is_made_only_where_that_was_chosen(api: Any, member: User, tenant: Tenant, known: Lead) -> None:
    imported(api(member), b"First name,LinkedIn\nBob,bob-smith\n", duplicates="create")
    assert sorted(leads(tenant)) == ["Bob", "Robert"]


def test_the_same_file_twice_makes_no_second_lead(api: Any, member: User, tenant: Tenant) -> None:
    content = workbook([["Name", "LinkedIn"], ["Maya Haddad", "linkedin.com/in/maya"], ["Bob", "linkedin.com/in/bob"]])
    first = send(api(member), "import", content, name="a.xlsx")
    second = send(api(member), "import", content, name="a.xlsx")
    assert (first.status_code, second.status_code) == (202, 202)
    run_jobs()
    assert sorted(leads(tenant)) == ["Bob", "Maya"]


def test_leads_of_another_tenant_are_not_found(
    api: Any, other_owner: User, tenant: Tenant, other_tenant: Tenant, known: Lead
) -> None:
    with platform_context():
        Tenant.objects.filter(pk=other_tenant.pk).update(plan_tier=PlanTier.ENTERPRISE)
    body = send(api(other_owner), "upload").json()
    assert (body["known_rows"], body["do_not_contact_rows"]) == (0, 0)
    imported(api(other_owner))
    assert sorted(leads(tenant)) == ["Robert"]
    assert sorted(leads(other_tenant)) == ["Ann", "Bob", "Maya"]


def test_who_may_not_create_leads_imports_none(api: Any, viewer: User, member: User, other_owner: User) -> None:
    assert problem(send(api(viewer), "upload")) == (403, "missing_right")
    assert problem(send(api(viewer), "import")) == (403, "missing_right")
    wrong = send(api(member), "import", duplicates="merge", mapping='{"0": "shoe"}', owner=str(other_owner.pk))
    assert sorted(field_problems(wrong)) == ["duplicates", "mapping", "owner"]
    with platform_context():
        assert not Job.objects.exists()


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"PK\x03\x04", "no Excel workbook"), (b"", "empty"), (b"a\x00b", "no text"), (b"Colour\nred\n", "recognised")],
)
def test_a_file_that_cannot_be_used_is_refused_in_words(api: Any, member: User, content: bytes, words: str) -> None:
    answer = send(api(member), "upload", content)
    assert problem(answer)[0] == 400
    assert words in answer.json()["detail"]


def test_a_client_that_keeps_the_leads_can_ask_about_them(api: Any, member: User) -> None:
    client = api(member)
    uploaded = send(client, "upload").json()
    body = {"leads": [each["values"] for each in uploaded["leads"]]}
    analysis = client.post(f"{URL}analyse/", body, format="json").json()
    assert [each["platform"] for each in analysis["recommended_actions"]] == ["email", "linkedin"]
    questions = client.post(f"{URL}platform-questions/", body, format="json").json()
    assert questions["available_platforms"] == ["linkedin", "email", "whatsapp", "voice"]
    valid = client.post(f"{URL}validate/", {**body, "platforms": ["voice"]}, format="json").json()
    assert (valid["valid_count"], valid["invalid_count"], valid["can_execute"]) == (1, 3, True)
    assert valid["invalid"][0] == {"index": 1, "issues": ["Phone: there is no Phone."]}
    assert "platforms" in field_problems(client.post(f"{URL}validate/", {**body, "platforms": []}, format="json"))
    assert "leads" in field_problems(client.post(f"{URL}analyse/", {"leads": [1]}, format="json"))


def test_the_template_can_be_downloaded_and_its_columns_read(api: Any, viewer: User) -> None:
    client = api(viewer)
    columns = client.get(f"{URL}columns/").json()
    assert len(columns["columns"]) == 14
    assert columns["platform_fields"]["whatsapp"] == ["whatsapp", "phone"]
    for kind, start in (("csv", b"\xef\xbb\xbfFirst name,"), ("xlsx", b"PK\x03\x04")):
        answer = client.get(f"{URL}template/", {"type": kind})
        assert answer.content.startswith(start)
        assert answer["Content-Disposition"] == f'attachment; filename="lead-template.{kind}"'


def test_a_salesperson_imports_a_file_in_the_admin(
    admin_of: Callable[..., Client], member: User, tenant: Tenant
) -> None:
    browser = admin_of(member)
    assert PAGE in browser.get("/admin/leads/lead/").content.decode()
    assert browser.get(f"{PAGE}?template=csv").content.startswith(b"\xef\xbb\xbfFirst name")
    shown = browser.post(PAGE, {"file": SimpleUploadedFile("fair.csv", CSV)}).content.decode()
    assert "3 of 4 rows (75 %) can be reached by e-mail." in shown
    assert "bob at acme" in shown
    token = re.search(r'name="_kept" value="([^"]+)"', shown)
    assert token
    keys = ["first_name", "last_name", "email", "phone", "whatsapp", "linkedin_url", "company_name", "industry"]
    mapping = {f"column_{place}": key for place, key in enumerate([*keys, "city", "country", ""])}
    values = {"_kept": token[1], "duplicates": "skip", "owner": "", "tags": "fair, 2026", **mapping}
    again = browser.post(PAGE, {**values, "column_2": "phone"}).content.decode()
    assert "Two columns are chosen for Phone" in again
    with platform_context():
        assert not Job.objects.exists()
    done = browser.post(PAGE, {**values, "_import": ""})
    with platform_context():
        job = Job.objects.get()
    assert done["Location"] == f"/admin/jobs/job/{job.pk}/change/"
    run_jobs()
    assert sorted(leads(tenant)) == ["Ann", "Bob", "Maya"]
    assert leads(tenant)["Ann"].tags == ["fair", "2026"]
    assert "Row 3" in browser.get(f"/admin/jobs/job/{job.pk}/change/").content.decode()
    gone = browser.post(PAGE, {**values, "_import": ""}, follow=True)
    assert "Choose it again" in gone.content.decode()


def test_the_page_refuses_a_file_in_words_and_viewers(
    admin_of: Callable[..., Client], member: User, viewer: User
) -> None:
    shown = admin_of(member).post(PAGE, {"file": SimpleUploadedFile("a.xlsx", b"PK\x03\x04")}).content.decode()
    assert "no Excel workbook that can be read" in shown
    browser = admin_of(viewer)
    assert PAGE not in browser.get("/admin/leads/lead/").content.decode()
    assert browser.get(PAGE).status_code in (302, 403)
