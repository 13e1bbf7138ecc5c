"""The do-not-contact list, consent, policy, holidays and decisions in the admin and in the API."""

from collections.abc import Callable
from datetime import date, time, timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from lad.tenancy.context import platform_context, tenant_context
from leads.channels import Channel
from leads.contactability.models import ALL_CHANNELS, ConsentRecord, ContactPolicy, Holiday, Suppression
from leads.contactability.services import forget_address, suppress
from leads.contacts.models import Lead
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.factories.leads import LeadFactory
from tests.leads.contactability.conftest import NOON
from tests.support.api import field_problems, ids, problem, text

LIST = "/admin/leads/suppression/"
API = "/api/v1/suppressions/"
DAY = timedelta(days=1)


@pytest.fixture
def browser(admin_of: Callable[..., Client], admin: User, stages: None) -> Client:
    """The admin site, signed in as the tenant's admin."""
    return admin_of(admin)


@pytest.fixture
def client(api: Callable[..., APIClient], member: User) -> APIClient:
    """The API, as a member."""
    return api(member)


@pytest.fixture
def maya(make_lead: Callable[..., Lead]) -> Lead:
    return make_lead(
        first_name="Maya",
        last_name="Lopez",
        email="maya@acme.example",
        phone="+971501112233",
        company_domain="acme.example",
    )


def rows(tenant: Tenant) -> list[Suppression]:
    with tenant_context(tenant.pk):
        return list(Suppression.objects.order_by("pk"))


def page(browser: Client, address: str, **query: str) -> str:
    response = browser.get(address, query)
    assert response.status_code == 200
    return text(response)


# The list in the admin


@pytest.mark.parametrize(
    ("entered", "address", "scope"),
    [
        ("Maya@ACME.example", "maya@acme.example", "address"),
        ("050 111 2233", "+971501112233", "address"),
        ("https://www.acme.example/", "acme.example", "domain"),
    ],
)
def test_what_is_entered_by_hand_is_recognised(
    browser: Client, tenant: Tenant, admin: User, entered: str, address: str, scope: str
) -> None:
    values = {"address": entered, "channel": "all", "scope": "address", "reason": "manual", "source": "a call"}
    assert browser.post(f"{LIST}add/", values).status_code == 302
    [row] = rows(tenant)
    assert (row.address, row.scope, row.source, row.created_by_user_id) == (address, scope, "a call", admin.pk)
    shown = page(browser, f"{LIST}add/") and text(browser.post(f"{LIST}add/", values))
    assert "This is on the do-not-contact list already." in shown


def test_a_provider_of_mail_cannot_be_stopped_as_a_company(browser: Client, tenant: Tenant) -> None:
    values = {"address": "gmail.com", "channel": "all", "scope": "address", "reason": "manual", "source": ""}
    assert "gmail.com belongs to everybody with a mailbox there" in text(browser.post(f"{LIST}add/", values))
    assert rows(tenant) == []


@pytest.mark.parametrize("term", ["MAYA@acme.example", "maya@a", "+971 50 111 2233", "0501112233", "Lopez", "in/maya"])
def test_an_entry_is_found_by_what_people_type(browser: Client, client: APIClient, maya: Lead, term: str) -> None:
    with tenant_context(maya.tenant_id):
        suppress(lead=maya, channel=ALL_CHANNELS, reason="manual")
        suppress(address="linkedin.com/in/Maya", channel=ALL_CHANNELS, reason="manual")
        other = suppress(address="bob@elsewhere.example", channel=ALL_CHANNELS, reason="manual")
    found = page(browser, LIST, q=term)
    assert "do-not-contact entr" in found
    assert "bob@elsewhere.example" not in found
    listed = ids(client.get(API, {"search": term}))
    assert listed
    assert str(other.pk) not in listed


def test_an_erased_address_is_found_by_who_knows_it(client: APIClient, browser: Client, maya: Lead) -> None:
    with tenant_context(maya.tenant_id):
        forget_address(address="maya@acme.example")
    assert len(ids(client.get(API, {"search": "Maya@acme.example"}))) == 1
    assert ids(client.get(API, {"search": "eve@acme.example"})) == []
    assert "Erased address" in page(browser, LIST, q="maya@acme.example")


def test_an_entry_is_lifted_with_a_reason(browser: Client, tenant: Tenant, maya: Lead) -> None:
    with tenant_context(tenant.pk):
        entry = suppress(lead=maya, channel=Channel.EMAIL, reason="manual")
    address = f"{LIST}{entry.pk}/lift/"
    assert "This field is required" in text(browser.post(address, {}))
    assert browser.post(address, {"reason": "Asked us to write again"}).status_code == 302
    assert rows(tenant) == []


def test_a_list_is_imported_after_a_preview(browser: Client, tenant: Tenant, admin: User) -> None:
    address = f"{LIST}import/"
    assert "A CSV file or an Excel workbook with one address in each row" in page(browser, address)
    content = "email,name\nmaya@acme.example,Maya\nMaya@acme.example,again\nnobody,x\n<b>@</b>,x\n"

    def upload() -> Any:
        values = {"channel": "all", "reason": "imported", "source": "old tool"}
        return browser.post(address, {**values, "file": SimpleUploadedFile("old.csv", content.encode())})

    preview = upload()
    shown = text(preview)
    assert "Nothing has happened yet" in shown
    assert "“nobody” is not an e-mail address" in shown
    assert "<b>@</b>" not in shown
    assert rows(tenant) == []
    done = browser.post(address, {"_kept": preview.context["token"]}, follow=True)
    assert "1 were added to the do-not-contact list. 1 were there twice in the file. 2 were not understood." in text(
        done
    )
    [row] = rows(tenant)
    assert (row.address, row.reason, row.source, row.created_by_user_id) == (
        "maya@acme.example",
        "imported",
        "old tool",
        admin.pk,
    )
    again = browser.post(address, {"_kept": preview.context["token"]}, follow=True)
    assert "Choose it again" in text(again)


def test_a_file_that_cannot_be_read_says_so_at_its_field(browser: Client) -> None:
    values = {"channel": "all", "reason": "imported", "source": ""}
    shown = text(browser.post(f"{LIST}import/", {**values, "file": SimpleUploadedFile("old.csv", b"\x00\x01")}))
    assert "The file is no text" in shown


def test_the_list_is_exported_in_words_by_who_may(
    browser: Client, admin_of: Callable[..., Client], viewer: User, tenant: Tenant, maya: Lead
) -> None:
    with tenant_context(tenant.pk):
        entry = suppress(lead=maya, channel=Channel.EMAIL, reason="manual")
    answer = browser.post(LIST, {"action": "export", "_selected_action": str(entry.pk)})
    lines = b"".join(answer.streaming_content).decode().splitlines()  # type: ignore[attr-defined]
    assert lines[1].startswith("maya@acme.example,E-mail,One address,Entered by hand")
    assert b"Export" not in admin_of(viewer).get(LIST).content


# The lead's page


def test_the_page_of_a_lead_says_whether_it_may_be_contacted(browser: Client, tenant: Tenant, maya: Lead) -> None:
    with tenant_context(tenant.pk):
        suppress(lead=maya, channel=Channel.EMAIL, reason="unsubscribed")
        ContactPolicy.objects.create(contact_days=[], max_per_day=0, max_per_week=0, contact_until=time(23, 59, 59))
        today = timezone.localtime(timezone.now()).date()
        for each in range(-1, 3):
            Holiday.objects.create(day=today + DAY * each, name="Feast")
    shown = page(browser, f"/admin/leads/lead/{maya.pk}/change/")
    assert "E-mail: no" in shown
    assert "the lead is on the do-not-contact list (unsubscribed)" in shown
    assert "Voice: from" in shown
    assert "it is a holiday (Feast)" in shown
    assert "LinkedIn:" not in shown


def test_a_lead_is_marked_on_its_page(browser: Client, tenant: Tenant, maya: Lead) -> None:
    address = f"/admin/leads/lead/{maya.pk}/stop_contact/"
    values = {"channel": "email", "reason": "legal", "source": "a letter"}
    assert browser.post(address, values).status_code == 302
    assert browser.post(address, {**values, "channel": "all", "company": "on"}).status_code == 302
    found = {(row.address, row.channel, row.reason, row.lead_id) for row in rows(tenant)}
    assert found == {
        ("maya@acme.example", "email", "legal", maya.pk),
        ("acme.example", "all", "legal", maya.pk),
    }
    assert "Choose a time in the future" in text(browser.post(address, {**values, "expires_at": "2020-01-01 10:00"}))


def test_consent_is_recorded_on_the_page_of_a_lead(browser: Client, tenant: Tenant, admin: User, maya: Lead) -> None:
    address = f"/admin/leads/lead/{maya.pk}/record_consent/"
    values = {"status": "withdrawn", "channel": "email", "purpose": "outreach", "source": "a call", "evidence": "No!"}
    assert browser.post(address, values).status_code == 302
    with tenant_context(tenant.pk):
        [row] = ConsentRecord.objects.all()
    assert (row.status, row.evidence, row.created_by_user_id) == ("withdrawn", "No!", admin.pk)
    shown = page(browser, f"/admin/leads/lead/{maya.pk}/change/")
    assert "the lead withdrew consent to e-mail" in shown


def test_who_may_only_look_cannot_mark_a_lead(
    admin_of: Callable[..., Client], viewer: User, tenant: Tenant, maya: Lead
) -> None:
    browser = admin_of(viewer)
    assert "May be contacted" in page(browser, f"/admin/leads/lead/{maya.pk}/change/")
    assert browser.post(f"/admin/leads/lead/{maya.pk}/stop_contact/", {"channel": "all"}).status_code == 403
    assert rows(tenant) == []


# Policy and holidays


def test_the_policy_opens_with_its_defaults_and_then_with_its_values(browser: Client, tenant: Tenant) -> None:
    opened = browser.get("/admin/contact-policy/", follow=True)
    assert "the defaults hold" in text(opened)
    assert opened.context["adminform"].form["contact_from"].initial == time(8)
    values = {
        "contact_from": "09:00",
        "contact_until": "18:00",
        "contact_days": ["monday", "friday"],
        "skips_holidays": "on",
        "public_holidays": "chosen",
        "holiday_countries": ["DE", "FR"],
        "max_per_day": "2",
        "max_per_week": "5",
        "caps_2": "1",
        "caps_3": "4",
        "consent_required": ["sms"],
        "company_stop_days": "30",
    }
    saved = browser.post("/admin/leads/contactpolicy/add/", values)
    assert saved.status_code == 302, saved.context["errors"]
    with tenant_context(tenant.pk):
        policy = ContactPolicy.objects.get()
    assert (policy.contact_days, policy.consent_required) == (["monday", "friday"], ["sms"])
    assert policy.caps == {"email": {"per_day": 1, "per_week": 4}}
    assert (policy.public_holidays, policy.holiday_countries) == ("chosen", ["DE", "FR"])
    opened = browser.get("/admin/contact-policy/", follow=True)
    assert opened.redirect_chain[-1][0] == f"/admin/leads/contactpolicy/{policy.pk}/change/"
    assert opened.context["adminform"].form["caps"].initial == policy.caps


def test_a_viewer_sees_the_policy_in_words(
    admin_of: Callable[..., Client], viewer: User, tenant: Tenant, stages: None
) -> None:
    with tenant_context(tenant.pk):
        ContactPolicy.objects.create(contact_days=["monday"], caps={"email": {"per_day": 1}}, consent_required=["sms"])
    shown = text(admin_of(viewer).get("/admin/contact-policy/", follow=True))
    assert "Monday" in shown
    assert "E-mail, a day: 1" in shown


def test_several_holidays_are_pasted(browser: Client, tenant: Tenant) -> None:
    address = "/admin/leads/holiday/add-several/"
    assert "One in each line" in page(browser, address)
    days = "2026-12-25 Christmas\n26.12.2026; Boxing Day\n\n31/12/2026\n2026-12-25 again"
    assert browser.post(address, {"country": "GB", "days": days}).status_code == 302
    assert browser.post(address, {"country": "GB", "days": days}).status_code == 302
    with tenant_context(tenant.pk):
        found = list(Holiday.objects.order_by("day").values_list("day", "name", "country"))
    assert found == [
        (date(2026, 12, 25), "again", "GB"),
        (date(2026, 12, 26), "Boxing Day", "GB"),
        (date(2026, 12, 31), "Holiday", "GB"),
    ]
    assert "could be two days" in text(browser.post(address, {"country": "", "days": "03/04/2026 Easter"}))
    assert "was not understood" in text(browser.post(address, {"country": "", "days": "2026-02-30 never"}))


# The API


def test_a_lead_is_listed_by_its_id_and_an_address_by_itself(client: APIClient, tenant: Tenant, maya: Lead) -> None:
    made = client.post(API, {"lead": str(maya.pk), "channel": "all"}, format="json")
    assert (made.status_code, made.json()["address"]) == (201, "maya@acme.example")
    assert {row.address for row in rows(tenant)} == {"maya@acme.example", "+971501112233"}
    assert client.post(API, {"address": "MAYA@acme.example", "channel": "all"}, format="json").status_code == 409
    company = client.post(API, {"lead": str(maya.pk), "scope": "domain"}, format="json")
    assert company.json()["address"] == "acme.example"
    assert "address" in field_problems(client.post(API, {"address": "nobody"}, format="json"))
    assert "address" in field_problems(client.post(API, {}, format="json"))
    assert "address_hash" not in made.json()


def test_many_addresses_are_listed_at_once(client: APIClient, tenant: Tenant) -> None:
    body = {"addresses": ["maya@acme.example", "nobody", "Maya@acme.example"], "channel": "email", "dry_run": True}
    for wet, count in ((False, 0), (True, 1)):
        answer = client.post(f"{API}bulk/", {**body, "dry_run": not wet}, format="json")
        assert [each["verdict"] for each in answer.json()["results"]] == ["added", "invalid", "repeated"]
        assert len(rows(tenant)) == count
    assert "is not an e-mail address" in answer.json()["results"][1]["problem"]


def test_lifting_in_the_api_needs_a_reason(client: APIClient, tenant: Tenant) -> None:
    with tenant_context(tenant.pk):
        entry = suppress(address="maya@acme.example", channel="all", reason="manual")
    assert "reason" in field_problems(client.post(f"{API}{entry.pk}/lift/", {}, format="json"))
    assert client.post(f"{API}{entry.pk}/lift/", {"reason": "Changed her mind"}, format="json").status_code == 204
    assert rows(tenant) == []


def test_may_i_write_to_this_lead_now(client: APIClient, tenant: Tenant, other_tenant: Tenant, maya: Lead) -> None:
    with tenant_context(tenant.pk):
        suppress(lead=maya, channel=Channel.EMAIL, reason="unsubscribed")
    address, body = f"/api/v1/leads/{maya.pk}/decide/", {"channels": ["email", "voice"], "at": NOON.isoformat()}
    email, voice = client.post(address, body, format="json").json()["results"]
    assert (email["verdict"], email["reasons"][0]["code"]) == ("refuse", "suppressed")
    assert email["sentence"] == "Not allowed: the lead is on the do-not-contact list (unsubscribed)."
    assert (voice["verdict"], voice["timezone"]) == ("allow", "Asia/Dubai")
    assert len(client.post(address, {}, format="json").json()["results"]) == len(Channel)
    with platform_context(tenant_id=other_tenant.pk):
        theirs = LeadFactory.create()
    foreign = client.post(f"/api/v1/leads/{theirs.pk}/decide/", body, format="json")
    assert problem(foreign) == (404, "not_found")
    many = client.post("/api/v1/leads/decide/", {"ids": [str(maya.pk), str(theirs.pk)], **body}, format="json")
    verdicts = [(each["lead"], each["channel"], each["verdict"]) for each in many.json()["results"]]
    assert verdicts == [
        (str(maya.pk), "email", "refuse"),
        (str(maya.pk), "voice", "allow"),
        (str(theirs.pk), "email", "refuse"),
        (str(theirs.pk), "voice", "refuse"),
    ]
    assert "channels.0" in field_problems(client.post(address, {"channels": ["fax"]}, format="json"))
