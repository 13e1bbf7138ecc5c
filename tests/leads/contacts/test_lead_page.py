"""What features add to the lead's page: tabs, actions and timeline entries, by right and feature."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.http import HttpRequest
from django.test import Client
from django.test.utils import CaptureQueriesContext

from lad.admin.actions import row_action
from lad.tenancy.context import platform_context
from leads.contacts import extensions
from leads.contacts.extensions import (
    Known,
    TimelineEntry,
    TimelineKind,
    add_action,
    add_inline,
    add_panel,
    add_timeline_source,
)
from leads.contacts.lead_page import note_entry, notes_of
from leads.contacts.models import Lead
from leads.contacts.timeline import PAGE_SIZE
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.factories.leads import LeadBookingFactory, LeadNoteFactory
from tests.factories.tenants import FeatureFlagFactory, TenantFeatureFactory, UserCapabilityFactory


@pytest.fixture
def browser(admin_of: Callable[..., Client], admin: User, stages: None) -> Client:
    """The admin site, signed in as the tenant's admin."""
    return admin_of(admin)


@pytest.fixture
def scratch(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Forget what a test registers."""
    for name in ("_inlines", "_rendered", "_actions", "_sources"):
        monkeypatch.setattr(extensions, name, dict(getattr(extensions, name)))
    yield


def page(browser: Client, lead: Lead) -> Any:
    response = browser.get(f"/admin/leads/lead/{lead.pk}/change/")
    assert response.status_code == 200
    return response


def tabs(browser: Client, lead: Lead) -> list[str]:
    return [str(each.opts.verbose_name_plural) for each in page(browser, lead).context["inline_admin_formsets"]]


def panels(browser: Client, lead: Lead) -> dict[str, str]:
    return {panel.title: panel.body for panel in page(browser, lead).context["panels"]}


def test_every_feature_adds_its_tab_and_they_come_in_order(browser: Client, tenant: Tenant, lead: Lead) -> None:
    assert "student" not in tabs(browser, lead)
    with platform_context(tenant_id=tenant.pk):
        TenantFeatureFactory.create(feature_key="education-students", granted=True)
    assert tabs(browser, lead) == [
        "notes",
        "bookings",
        "files",
        "social",
        "student",
        "do not contact",
        "consent",
        "campaigns",
        "calls",
        "sources",
    ]


def test_a_tab_needs_its_right(browser: Client, admin: User, tenant: Tenant, lead: Lead) -> None:
    with platform_context(tenant_id=tenant.pk):
        UserCapabilityFactory.create(user=admin, capability_key="bookings.view", enabled=False)
    assert "bookings" not in tabs(browser, lead)


@pytest.mark.parametrize(("feature", "tab"), [("campaigns", "campaigns"), ("voice-agent", "calls")])
def test_a_tab_of_an_upper_app_needs_its_feature(
    browser: Client, tenant: Tenant, lead: Lead, feature: str, tab: str
) -> None:
    assert tab in tabs(browser, lead)
    with platform_context(tenant_id=tenant.pk):
        FeatureFlagFactory.create(feature_key=feature, is_enabled=False)
    assert tab not in tabs(browser, lead)


def test_actions_of_other_features_are_offered_after_those_of_contacts(browser: Client, lead: Lead) -> None:
    shown = page(browser, lead).context["actions_detail"]
    menu = next(action for action in shown if action["title"] == "More")
    assert [action["title"] for action in shown][:2] == ["Move to stage", "Assign"]
    assert sorted(action["title"] for action in shown[2:]) == ["Book", "Call", "Enrol", "More", "Write"]
    assert sorted(action["title"] for action in menu["items"]) == [
        *("Attach a file", "Do not contact", "Erase recordings", "Record consent", "Stop campaigns"),
    ]


def test_the_timeline_shows_what_happened_newest_first(
    browser: Client, api: Any, admin: User, tenant: Tenant, lead: Lead
) -> None:
    with platform_context(tenant_id=tenant.pk):
        LeadNoteFactory.create(lead=lead, content="Asked for a price list.", created_by_user=admin)
        LeadBookingFactory.create(lead=lead)
    api(admin).patch(f"/api/v1/leads/{lead.pk}/", {"stage": "qualified"}, format="json")
    timeline = panels(browser, lead)["Timeline"]
    moved = timeline.index(f"{admin.full_name} moved {lead.first_name} to Qualified")
    assert moved < timeline.index("booked “") < timeline.index("Asked for a price list.")


def test_the_timeline_holds_the_newest_entries_only(browser: Client, tenant: Tenant, lead: Lead) -> None:
    with platform_context(tenant_id=tenant.pk):
        oldest = LeadNoteFactory.create(lead=lead, content="The very first note")
        LeadNoteFactory.create_batch(PAGE_SIZE, lead=lead)
    assert oldest.content not in panels(browser, lead)["Timeline"]


def test_the_timeline_leaves_out_what_the_reader_may_not_see(
    browser: Client, admin: User, tenant: Tenant, lead: Lead
) -> None:
    with platform_context(tenant_id=tenant.pk):
        LeadBookingFactory.create(lead=lead)
        UserCapabilityFactory.create(user=admin, capability_key="bookings.view", enabled=False)
    assert "booked" not in panels(browser, lead)["Timeline"]


def test_a_timeline_begins_with_the_lead_and_an_empty_part_of_it_says_so(browser: Client, lead: Lead) -> None:
    assert f"{lead.first_name} was added" in panels(browser, lead)["Timeline"]
    part = browser.get(f"/admin/leads/lead/{lead.pk}/timeline/", {"timeline": "note"}).content.decode()
    assert "Nothing of this kind has happened with this lead yet." in part


def test_the_page_costs_the_same_with_a_short_and_a_long_timeline(
    browser: Client, admin: User, tenant: Tenant, lead: Lead
) -> None:
    def grow(count: int) -> int:
        with platform_context(tenant_id=tenant.pk):
            LeadNoteFactory.create_batch(count, lead=lead, created_by_user=admin)
        with CaptureQueriesContext(connection) as captured:
            page(browser, lead)
        return len(captured)

    grow(1)
    assert grow(1) == grow(8)


def test_a_registered_panel_needs_its_right(
    scratch: None, browser: Client, admin: User, tenant: Tenant, lead: Lead
) -> None:
    add_panel("Score", lambda request, lead: "Score 7 of 10", rank=20, right="pipeline.view")
    add_panel("Empty", lambda request, lead: "", rank=30, right="pipeline.view")
    assert panels(browser, lead)["Score"] == "Score 7 of 10"
    assert "Empty" not in panels(browser, lead)
    with platform_context(tenant_id=tenant.pk):
        UserCapabilityFactory.create(user=admin, capability_key="pipeline.view", enabled=False)
    assert list(panels(browser, lead)) == ["May be contacted", "Timeline"]


def test_a_registered_source_adds_its_entries(scratch: None, browser: Client, tenant: Tenant, lead: Lead) -> None:
    def letter(lead: Lead, known: Known) -> TimelineEntry:
        return TimelineEntry(icon="mail", text=f"Letter to {lead.full_name}")

    rows = lambda lead: Lead.objects.filter(pk=lead.pk)  # noqa: E731
    add_timeline_source("letters", rows, letter, kind=TimelineKind.MESSAGE, right="leads.view")
    assert f"Letter to {lead.full_name}" in panels(browser, lead)["Timeline"]


def test_a_name_is_registered_once(scratch: None) -> None:
    with pytest.raises(ImproperlyConfigured, match="twice"):
        add_timeline_source("notes", notes_of, note_entry, kind=TimelineKind.NOTE, right="leads.view")


def test_an_action_is_declared_with_its_own_permission(scratch: None) -> None:
    @row_action("Greet")
    def greet(lead_admin: object, request: HttpRequest, row: Lead, values: dict[str, Any]) -> str:
        return "Hello."

    with pytest.raises(ImproperlyConfigured, match="permission='greet'"):
        add_action(greet, rank=30, rights=("leads.update",))


def test_inlines_of_a_closed_feature_are_not_offered(scratch: None) -> None:
    from lad.tenancy.access import STRANGER
    from leads.contacts.lead_page import NotesInline

    add_inline(NotesInline, rank=10, feature="campaigns")
    assert NotesInline not in extensions.inlines_for(STRANGER)
