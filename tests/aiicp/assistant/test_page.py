"""The page to talk: without JavaScript, with pieces, and only for the owner."""

import pytest
from django.urls import reverse

from aiicp.conversations.models import Conversation
from aiicp.profiles.models import IcpProfile
from aiicp.profiles.search_page import filters
from lad.tenancy.context import tenant_context
from tests.aiicp.helpers import conversation
from tests.factories.tenants import TenantFeatureFactory
from tests.support.database import stored
from tests.support.loops import without_loop

START = "/admin/assistant/"


@pytest.fixture
def browser(admin_of, admin):
    return admin_of(admin)


@pytest.fixture
def own(tenant, admin):
    return conversation(tenant, admin, title="", icp_data={}, search_params=None)


def address(row: Conversation) -> str:
    return reverse("admin:assistant_talk", args=(row.pk,))


def test_the_first_message_begins_a_conversation(browser, tenant, admin):
    assert "clinics in Dubai" in browser.get(START).content.decode()
    response = browser.post(START, {"content": "We sell to clinics in Dubai"})
    with tenant_context(tenant.pk):
        row = Conversation.objects.get(user=admin)
    assert response.status_code == 302
    assert response["Location"] == address(row)
    page = browser.get(address(row)).content.decode()
    assert "We sell to clinics in Dubai" in page
    assert "Hospitals &amp; clinics" in page
    # Why it is known.
    assert "“clinics”" in page
    assert "95 % sure" in page
    # Suggestions are buttons that work without JavaScript.
    assert '<button class="lad-chip talk-suggestion" name="content" value="Skip">' in page


def test_undo_confirm_and_save_are_buttons(browser, own, tenant):
    for said in ("clinics in Dubai, we help them fill appointments", "owners", "40 people", "subscription"):
        assert browser.post(address(own), {"content": said}).status_code == 302
    assert 'value="confirm"' in browser.get(address(own)).content.decode()
    browser.post(address(own), {"action": "undo", "slot": "roles"})
    assert "roles" not in stored(own).icp_data
    browser.post(address(own), {"content": "owners"})
    browser.post(address(own), {"action": "confirm"})
    assert stored(own).metadata["progress"] == "ready_for_execution"
    browser.post(address(own), {"action": "save", "name": "Clinics"})
    with tenant_context(tenant.pk):
        assert IcpProfile.objects.get().icp_data == stored(own).icp_data


def test_finding_people_leads_to_their_page_with_the_filters(browser, own):
    # Without that page there is no button; the search counts as started once its owner asks for it.
    browser.post(address(own), {"content": "We sell to clinics in Dubai with 40 to 300 employees, to owners"})
    browser.post(address(own), {"content": "subscription"})
    browser.post(address(own), {"action": "confirm"})
    assert stored(own).search_triggered is False
    browser.post(address(own), {"action": "find"})
    assert stored(own).search_triggered is True
    assert filters(stored(own).search_params) == [
        ("titles", "Owner"),
        ("company_locations", "Dubai"),
        ("industries", "Hospitals & clinics"),
        ("sizes", "11,50"),
        ("sizes", "51,200"),
        ("sizes", "201,500"),
    ]


def test_a_range_keeps_the_words_it_came_from(browser, own):
    browser.post(address(own), {"content": "clinics in Dubai with 40 to 300 employees"})
    page = browser.get(address(own)).content.decode()
    assert "“40 to 300”" in page
    assert "not from this conversation" not in page


def test_a_saved_profile_is_named_and_scores_the_leads(browser, own, tenant):
    browser.post(address(own), {"content": "clinics in Dubai"})
    assert 'value="score"' not in browser.get(address(own)).content.decode()
    browser.post(address(own), {"action": "score"})
    browser.post(address(own), {"action": "save", "name": "Clinics"})
    page = browser.get(address(own)).content.decode()
    with tenant_context(tenant.pk):
        profile = IcpProfile.objects.get()
    assert f'Saved as <a class="lad-link" href="/admin/aiicp/icpprofile/{profile.pk}/change/">Clinics</a>' in page
    browser.post(address(own), {"action": "score"})
    assert stored(profile).scores_leads is True
    # What was said since is not in the profile.
    browser.post(address(own), {"content": "owners"})
    assert 'value="save"' in browser.get(address(own)).content.decode()


def test_a_profile_leads_to_its_people_and_counts_its_use(browser, own, tenant):
    browser.post(address(own), {"content": "clinics in Dubai"})
    browser.post(address(own), {"action": "save", "name": "Clinics"})
    with tenant_context(tenant.pk):
        profile = IcpProfile.objects.get()
    found = browser.get(reverse("admin:aiicp_icpprofile_find_people", args=(profile.pk,)))
    assert found["Location"] == "/admin/find-people/?company_locations=Dubai&industries=Hospitals+%26+clinics"
    assert stored(profile).usage_count == 1


def test_who_may_not_search_is_not_sent_there(browser, own, tenant):
    with tenant_context(tenant.pk):
        TenantFeatureFactory.create(feature_key="apollo-leads", enabled=False)
    browser.post(address(own), {"content": "We sell to clinics in Dubai with 40 to 300 employees, to owners"})
    browser.post(address(own), {"content": "subscription"})
    browser.post(address(own), {"action": "confirm"})
    page = browser.get(address(own)).content.decode()
    assert 'value="find"' not in page
    assert "Ask an administrator of your company" in page


def test_a_viewer_reads_and_has_no_buttons(admin_of, viewer, browser, own, tenant):
    browser.post(address(own), {"content": "clinics in Dubai"})
    browser.post(address(own), {"action": "save", "name": "Clinics"})
    with tenant_context(tenant.pk):
        profile = IcpProfile.objects.get()
    reader = admin_of(viewer)
    pages = [
        reader.get("/admin/aiicp/conversation/").content.decode(),
        reader.get(f"/admin/aiicp/icpprofile/{profile.pk}/change/").content.decode(),
    ]
    assert "Clinics" in pages[1]
    for button in ("Talk to the assistant", "find-people", "Score leads", "Duplicate", "Make private", 'name="_save"'):
        assert [button in page for page in pages] == [False, False], button
    assert [f'href="{START}"' in page for page in pages] == [False, False]
    assert reader.get(START).status_code == 403


def test_an_answer_comes_in_events_and_a_problem_in_words(browser, own):
    answer = browser.post(address(own), {"content": "clinics"}, HTTP_ACCEPT="text/event-stream")
    assert answer["Content-Location"] == address(own)
    with without_loop():
        assert b"event: answer" in b"".join(answer)
    refused = browser.post(address(own), {"content": ""}, HTTP_ACCEPT="text/event-stream")
    assert (refused.status_code, refused["Content-Type"]) == (400, "text/plain; charset=utf-8")
    assert b"<aside" in browser.get(address(own), {"part": "body"}).content
    assert b"<html" not in browser.get(address(own), {"part": "body"}).content


def test_those_who_oversee_read_and_do_not_talk(browser, tenant, member):
    other = conversation(tenant, member)
    page = browser.get(address(other))
    assert page.status_code == 200
    assert b"data-say" not in page.content
    assert browser.post(address(other), {"content": "Hello"}).status_code == 403


def test_a_closed_conversation_is_continued(browser, own):
    browser.post(address(own), {"content": "clinics"})
    with tenant_context(own.tenant_id):
        Conversation.objects.filter(pk=own.pk).update(status="completed")
    assert b'value="resume"' in browser.get(address(own)).content
    browser.post(address(own), {"action": "resume"})
    assert stored(own).status == "active"
