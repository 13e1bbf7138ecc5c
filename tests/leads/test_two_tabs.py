"""One lead open in two tabs, and a form that is sent twice."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.test import Client

from lad.tenancy.context import platform_context
from leads.contacts.models import Lead, LeadNote
from tenants.accounts.models import User
from tests.contract.pages import form_of, untouched
from tests.factories.leads import LeadNoteFactory
from tests.support.api import text
from tests.support.database import stored

Make = Callable[..., Lead]

ADD = "/admin/leads/lead/add/"


def page_of(lead: Lead) -> str:
    return f"/admin/leads/lead/{lead.pk}/change/"


@pytest.fixture
def browser(admin_of: Callable[..., Client], admin: User, stages: None) -> Client:
    return admin_of(admin)


def opened(browser: Client, url: str) -> dict[str, str]:
    """What the tab would send if its user changed nothing."""
    return untouched(browser.get(url), Lead)


def test_a_tab_writes_only_what_its_user_changed(browser: Client, make_lead: Make) -> None:
    lead = make_lead(title="Buyer", location="Rome", tags=["a"], description="One\nTwo", is_archived=False)
    url = page_of(lead)
    first, second = opened(browser, url), opened(browser, url)
    changes = {
        "title": "Head of buying",
        "tags": '["a", "b"]',
        "is_archived": "on",
        "next_follow_up_at_0": "2027-01-04",
    }
    assert browser.post(url, {**first, **changes, "next_follow_up_at_1": "09:00:00"}).status_code == 302
    assert browser.post(url, {**second, "location": "Milan"}).status_code == 302
    row = stored(lead)
    assert (row.title, row.location, row.tags, row.is_archived) == ("Head of buying", "Milan", ["a", "b"], True)
    assert (row.description, row.next_follow_up_at is not None) == ("One\nTwo", True)


def test_a_field_that_both_changed_is_shown_with_both_values_and_saved_when_saved_again(
    browser: Client, make_lead: Make, member: User, admin: User
) -> None:
    lead = make_lead(title="Buyer", location="Rome", assigned_user=None)
    url = page_of(lead)
    first, second = opened(browser, url), opened(browser, url)
    assert browser.post(url, {**first, "title": "CEO", "assigned_user": str(admin.pk)}).status_code == 302
    mine = {"title": "CFO", "assigned_user": str(member.pk), "location": "Milan"}
    refused = browser.post(url, {**second, **mine})
    assert refused.status_code == 200
    shown = form_of(refused).errors
    assert set(shown) == {"title", "assigned_user"}
    assert "It is now: CEO." in shown["title"][0]
    assert f"It is now: {admin}." in shown["assigned_user"][0]
    assert 'value="CFO"' in text(refused)
    assert (stored(lead).title, stored(lead).location) == ("CEO", "Rome")
    assert browser.post(url, untouched(refused, Lead)).status_code == 302
    assert (stored(lead).title, stored(lead).location) == ("CFO", "Milan")
    assert stored(lead).assigned_user_id == member.pk


def test_the_same_change_in_both_tabs_is_no_conflict(browser: Client, make_lead: Make) -> None:
    lead = make_lead(title="Buyer")
    url = page_of(lead)
    second = opened(browser, url)
    assert browser.post(url, {**opened(browser, url), "title": "CEO"}).status_code == 302
    assert browser.post(url, {**second, "title": "CEO"}).status_code == 302


def notes_of(lead: Lead) -> list[str]:
    with platform_context():
        return sorted(LeadNote.objects.filter(lead=lead).values_list("content", flat=True))


def test_notes_added_or_deleted_meanwhile_are_neither_a_conflict_nor_written_twice(
    browser: Client, admin: User, make_lead: Make
) -> None:
    lead, more_than_a_page = make_lead(title="Buyer"), 12
    with platform_context(tenant_id=lead.tenant_id):
        notes = [LeadNoteFactory.create(lead=lead, content=f"Note {number:02}") for number in range(more_than_a_page)]
    url = page_of(lead)
    tab = opened(browser, url)
    assert tab["lead_notes-INITIAL_FORMS"] == "10"
    with platform_context(tenant_id=lead.tenant_id):
        LeadNoteFactory.create(lead=lead, content="Meanwhile")
        Lead.objects.filter(pk=lead.pk).update(last_activity_at="2027-01-01T00:00Z")
    assert browser.post(url, {**tab, "title": "CEO"}).status_code == 302
    assert stored(lead).title == "CEO"
    assert notes_of(lead) == sorted([*(f"Note {number:02}" for number in range(more_than_a_page)), "Meanwhile"])
    tab = opened(browser, url)
    with platform_context(tenant_id=lead.tenant_id):
        notes[-1].delete()
    told = browser.post(url, {**tab, "title": "CFO"})
    assert "1 row was deleted by somebody else meanwhile." in text(told)
    assert browser.post(url, untouched(told, Lead)).status_code == 302
    assert stored(lead).title == "CFO"
    assert "Note 11" not in notes_of(lead)
    assert len(notes_of(lead)) == more_than_a_page


def test_a_row_of_a_tab_that_both_changed_is_a_conflict_of_its_own(
    browser: Client, admin: User, make_lead: Make
) -> None:
    lead = make_lead()
    with platform_context(tenant_id=lead.tenant_id):
        LeadNoteFactory.create(lead=lead, content="Draft", created_by_user=admin)
    url = page_of(lead)
    second = opened(browser, url)
    assert browser.post(url, {**second, "lead_notes-0-content": "Theirs"}).status_code == 302
    refused = browser.post(url, {**second, "lead_notes-0-content": "Mine", "location": "Milan"})
    assert "It is now: Theirs." in text(refused)
    assert notes_of(lead) == ["Theirs"]
    assert browser.post(url, untouched(refused, Lead)).status_code == 302
    assert notes_of(lead) == ["Mine"]


def said(response: Any) -> str:
    return " ".join(str(message) for message in get_messages(response.wsgi_request))


def leads_named(name: str) -> list[Lead]:
    with platform_context():
        return list(Lead.objects.filter(first_name=name))


def test_back_and_save_adds_no_second_lead(browser: Client) -> None:
    form = {**opened(browser, ADD), "first_name": "Ada", "_save": "Save"}
    assert browser.post(ADD, form).status_code == 302
    [lead] = leads_named("Ada")
    again = browser.post(ADD, {**form, "_save": "", "_continue": "Save and continue"})
    assert (again.status_code, again["Location"]) == (302, page_of(lead))
    assert "was not added again" in said(again)
    changed = browser.post(ADD, {**form, "last_name": "Lovelace"})
    assert changed.status_code == 200
    assert "This form was saved already, with other entries." in text(changed)
    assert page_of(lead) in text(changed)
    assert len(leads_named("Ada")) == 1
    assert browser.post(ADD, untouched(changed, Lead)).status_code == 302
    assert {each.last_name for each in leads_named("Ada")} == {"", "Lovelace"}


def test_a_form_with_an_error_may_be_sent_again(browser: Client) -> None:
    form = {**opened(browser, ADD), "first_name": "Ada", "email": "no address"}
    assert browser.post(ADD, form).status_code == 200
    assert browser.post(ADD, {**form, "email": ""}).status_code == 302
    assert len(leads_named("Ada")) == 1


def test_staff_who_see_all_tenants_add_a_row_once_too(root: Client, lead: Lead) -> None:
    form = {**opened(root, ADD), "tenant": str(lead.tenant_id), "first_name": "Ada"}
    assert [root.post(ADD, form).status_code for _attempt in range(2)] == [302, 302]
    assert len(leads_named("Ada")) == 1
