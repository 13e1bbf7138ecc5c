"""The admin pages of leads: moving, assigning, booking, exporting, and the pipeline."""

import codecs
import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.utils import timezone

from lad.tenancy.context import platform_context
from leads.bookings.models import BookingStatus, LeadBooking
from leads.contacts.models import Lead
from leads.pipeline.models import LeadStage
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.factories.leads import LeadBookingFactory, LeadFactory, LeadNoteFactory
from tests.support.database import stored
from tests.support.events import payloads

Make = Callable[..., Lead]

LIST = "/admin/leads/lead/"
BOOKINGS = "/admin/leads/leadbooking/"
NINE = datetime(2027, 3, 1, 9, tzinfo=UTC)


@pytest.fixture
def browser(admin_of: Callable[..., Client], admin: User, stages: None) -> Client:
    """The admin site, signed in as the tenant's admin."""
    return admin_of(admin)


@pytest.fixture
def root(admin_of: Callable[..., Client], superuser: User, stages: None) -> Client:
    return admin_of(superuser)


def chosen(action: str, *rows: Any, **more: Any) -> dict[str, Any]:
    return {"action": action, "_selected_action": [str(row.pk) for row in rows], "index": "0", **more}


def said(response: Any) -> str:
    return " ".join(str(message) for message in get_messages(response.wsgi_request))


def shown(response: Any, *rows: Any) -> list[bool]:
    assert response.status_code == 200
    page = response.content.decode()
    return [str(row.pk) in page for row in rows]


def test_texts_in_tabs_are_escaped(browser: Client, make_lead: Make) -> None:
    lead = make_lead(first_name="<b>Ann</b>", description="</textarea><i>x</i>")
    with platform_context(tenant_id=lead.tenant_id):
        LeadNoteFactory.create(lead=lead, content="</textarea><script>alert(1)</script> & more")
    page = browser.get(f"{LIST}{lead.pk}/change/").content.decode()
    assert "&lt;/textarea&gt;&lt;script&gt;alert(1)&lt;/script&gt; &amp; more" in page
    assert "&lt;/textarea&gt;&lt;i&gt;x&lt;/i&gt;" in page
    for markup in ("<script>alert(1)", "<b>Ann", "<i>x"):
        assert markup not in page


def test_selected_leads_are_moved_after_asking_where(browser: Client, make_lead: Make) -> None:
    leads = [make_lead(), make_lead()]
    asked = browser.post(LIST, chosen("move_all", *leads))
    assert asked.status_code == 200
    assert 'value="negotiation"' in asked.content.decode()
    assert {stored(lead).stage for lead in leads} == {"new"}
    done = browser.post(LIST, chosen("move_all", *leads, confirmed="1", stage="negotiation"))
    assert "2 of 2 leads were moved" in said(done)
    assert {stored(lead).stage for lead in leads} == {"negotiation"}
    assert len(payloads("leads.lead.stage_changed")) == 2


def test_an_unknown_stage_is_rejected_and_the_form_shown_again(browser: Client, lead: Lead) -> None:
    again = browser.post(LIST, chosen("move_all", lead, confirmed="1", stage="nowhere"))
    assert again.status_code == 200
    assert "nowhere" in again.content.decode()
    assert stored(lead).stage == "new"


def test_selected_leads_are_assigned_to_a_member(browser: Client, member: User, make_lead: Make) -> None:
    leads = [make_lead(assigned_user=None), make_lead(assigned_user=None)]
    browser.post(LIST, chosen("assign_all", *leads, confirmed="1", assigned_user=str(member.pk)))
    assert {stored(lead).assigned_user_id for lead in leads} == {member.pk}


def test_the_platform_moves_leads_of_one_tenant_at_a_time(root: Client, lead: Lead, other_tenant: Tenant) -> None:
    with platform_context(tenant_id=other_tenant.pk):
        theirs = LeadFactory.create()
    response = root.post(LIST, chosen("move_all", lead, theirs, confirmed="1", stage="won"))
    assert "one tenant" in said(response)
    assert {stored(lead).stage, stored(theirs).stage} == {"new"}
    root.post(LIST, chosen("move_all", lead, confirmed="1", stage="won"))
    assert stored(lead).stage == "won"


def test_an_export_of_all_rows_has_no_limit_and_is_read_in_pages(
    browser: Client, make_lead: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    leads = [make_lead(first_name=f"Lead {number}") for number in range(5)]
    monkeypatch.setattr("lad.admin.exports.PAGE", 2)
    monkeypatch.setattr("lad.admin.bulk.MAX_ROWS_PER_ACTION", 3)
    response: Any = browser.post(LIST, chosen("export", leads[0], select_across="1"))
    lines = b"".join(response.streaming_content).decode().splitlines()
    assert len(lines) == 1 + len(leads)
    assert all(any(lead.email in line for line in lines) for lead in leads)


def test_an_export_contains_the_selection_and_no_formulas(browser: Client, make_lead: Make) -> None:
    wanted = make_lead(
        first_name="=1+1",
        last_name="Müller",
        company_name="Acme, Ltd",
        phone="+493012345678",
        priority=3,
        stage="proposal",
        source="voice_agent",
        tags=["Hot Lead", "VIP"],
    )
    unwanted = make_lead(email="somebody@else.example")
    response: Any = browser.post(LIST, chosen("export", wanted))
    content = b"".join(response.streaming_content)
    assert content.startswith(codecs.BOM_UTF8), "Excel would garble it"
    assert response["Content-Disposition"] == 'attachment; filename="leads.csv"'
    [line] = csv.DictReader(io.StringIO(content.decode("utf-8-sig")))
    assert unwanted.email not in content.decode()
    shown = {
        "id": str(wanted.pk),
        "first_name": "'=1+1",
        "last_name": "Müller",
        "email": wanted.email,
        "phone": "+493012345678",
        "company_name": "Acme, Ltd",
        "stage": "Proposal",
        "status": "Active",
        "priority": "High",
        "source": "Voice agent",
        "tags": "Hot Lead, VIP",
    }
    assert {name: line[name] for name in shown} == shown


@pytest.mark.parametrize("term", ["grace", "hopper", "GRACE HO", "navy", "grace@navy", "+1415"])
def test_the_search_finds_prefixes(browser: Client, make_lead: Make, term: str) -> None:
    wanted = make_lead(
        first_name="Grace",
        last_name="Hopper",
        company_name="Navy Ltd",
        email="grace@navy.example",
        phone="+14155550111",
    )
    other = make_lead(first_name="Ada", last_name="Byron", company_name="Engines", email="ada@e.example")
    assert shown(browser.get(LIST, {"q": term}), wanted, other) == [True, False]
    assert shown(browser.get(LIST, {"q": str(wanted.pk)}), wanted, other) == [True, False]


def test_the_list_is_filtered_by_stage_and_follow_up(browser: Client, make_lead: Make) -> None:
    late = make_lead(stage="proposal", next_follow_up_at=timezone.now() - timedelta(days=1))
    soon = make_lead(next_follow_up_at=timezone.now() + timedelta(days=1))
    assert shown(browser.get(LIST, {"stage": "proposal"}), late, soon) == [True, False]
    assert shown(browser.get(LIST, {"follow_up": "overdue"}), late, soon) == [True, False]
    assert shown(browser.get(LIST, {"follow_up": "planned"}), late, soon) == [False, True]


def test_the_lead_page_shows_a_summary_and_all_related_rows(browser: Client, lead: Lead) -> None:
    page = browser.get(f"{LIST}{lead.pk}/change/").content.decode()
    assert 'id="lead-summary"' in page
    for prefix in ("lead_notes", "lead_bookings", "lead_attachments", "lead_social"):
        assert f"{prefix}-TOTAL_FORMS" in page


def test_a_booking_is_made_from_the_leads_page(browser: Client, member: User, lead: Lead) -> None:
    form = {
        "booking_type": "demo",
        "scheduled_at": "2027-03-01T09:00",
        "minutes": "45",
        "assigned_user": str(member.pk),
        "notes": "",
    }
    assert browser.post(f"{LIST}{lead.pk}/book/", form).status_code == 302
    with platform_context():
        booking = LeadBooking.objects.get(lead=lead.pk)
    assert (booking.scheduled_at, booking.buffer_until) == (NINE, NINE + timedelta(minutes=45))
    again = browser.post(f"{LIST}{lead.pk}/book/", form)
    assert again.status_code == 200
    assert "booked from 09:00 to 09:45" in again.content.decode()


def test_bookings_are_filtered_by_upcoming_and_overdue(browser: Client, tenant: Tenant, lead: Lead) -> None:
    now = timezone.now()

    def booking(at: datetime, **values: Any) -> LeadBooking:
        with platform_context(tenant_id=tenant.pk):
            made: LeadBooking = LeadBookingFactory.create(lead=lead, scheduled_at=at, **values)
            return made

    ahead, forgotten = booking(now + timedelta(days=2)), booking(now - timedelta(days=2))
    done = booking(now - timedelta(days=3), status=BookingStatus.COMPLETED)

    def found(when: str) -> list[bool]:
        return shown(browser.get(BOOKINGS, {"when": when}), ahead, forgotten, done)

    assert found("upcoming") == [True, False, False]
    assert found("week") == [True, False, False]
    assert found("overdue") == [False, True, False]
    assert found("past") == [False, True, True]
    assert "Overdue" in browser.get(BOOKINGS, {"when": "overdue"}).content.decode()


def test_a_booking_is_marked_as_missed_and_retried_from_its_page(browser: Client, tenant: Tenant, lead: Lead) -> None:
    with platform_context(tenant_id=tenant.pk):
        booking = LeadBookingFactory.create(lead=lead, scheduled_at=NINE)
    page = f"{BOOKINGS}{booking.pk}/"
    assert browser.post(f"{page}miss/", {"call_result": "busy", "notes": "Rang twice."}).status_code == 302
    assert (stored(booking).status, stored(booking).call_result) == ("missed", "busy")
    assert browser.post(f"{page}retry/", {"scheduled_at": "2027-03-02T09:00"}).status_code == 302
    with platform_context():
        attempt = LeadBooking.objects.get(parent_booking=booking.pk)
    assert (attempt.retry_count, attempt.scheduled_at) == (1, NINE + timedelta(days=1))
    assert "Try again" not in browser.get(f"{page}change/").content.decode()


def test_the_pipeline_page_shows_counts_and_values(browser: Client, make_lead: Make) -> None:
    make_lead(stage="won", estimated_value="1200", currency="EUR")
    make_lead(stage="won", estimated_value="300", currency="USD")
    make_lead(stage="new", estimated_value="50", currency="EUR")
    make_lead(stage="lost", estimated_value="9000", currency="EUR")
    page = browser.get("/admin/pipeline/")
    assert page.status_code == 200
    [won] = [column for column in page.context["columns"] if column.stage.key == "won"]
    assert (won.stage.leads, won.share, won.value) == (2, 50, "1,200 EUR · 300 USD")
    assert [(card.title, card.leads, card.value) for card in page.context["cards"]] == [
        ("Open", 1, "50 EUR"),
        ("Won", 2, "1,200 EUR · 300 USD"),
        ("Lost", 1, "9,000 EUR"),
    ]


def test_platform_staff_must_choose_a_tenant_to_see_a_pipeline(root: Client, lead: Lead) -> None:
    assert "Choose a tenant" in root.get("/admin/pipeline/").content.decode()


def test_a_stage_is_retired_from_its_page(browser: Client, tenant: Tenant, lead: Lead) -> None:
    with platform_context(tenant_id=tenant.pk):
        stage = LeadStage.objects.get(key="new")
    address = f"/admin/leads/leadstage/{stage.pk}/retire/"
    refused = browser.post(address, {"move_leads_to": ""})
    assert "Choose another stage for them" in refused.content.decode()
    assert browser.post(address, {"move_leads_to": "contacted"}).status_code == 302
    assert stored(lead).stage == "contacted"


def test_a_viewer_sees_leads_but_cannot_change_them(admin_of: Callable[..., Client], viewer: User, lead: Lead) -> None:
    browser = admin_of(viewer)
    assert browser.get(f"{LIST}{lead.pk}/change/").status_code == 200
    browser.post(LIST, chosen("move_all", lead, confirmed="1", stage="won"))
    assert browser.post(f"{LIST}{lead.pk}/book/", {}).status_code == 403
    assert stored(lead).stage == "new"


def test_the_dashboard_shows_overdue_and_upcoming_work(browser: Client, tenant: Tenant, make_lead: Make) -> None:
    now = timezone.now()
    late = make_lead(next_follow_up_at=now - timedelta(days=1))
    with platform_context(tenant_id=tenant.pk):
        LeadBookingFactory.create(lead=late, scheduled_at=now - timedelta(days=2))
        ahead = LeadBookingFactory.create(lead=late, scheduled_at=now + timedelta(days=2))
    context = browser.get("/admin/").context
    cards = {card.title: card for card in context["cards"]}
    assert (cards["Bookings overdue"].value, cards["Bookings overdue"].tone) == ("1", "warning")
    assert (cards["Follow-ups overdue"].value, cards["Follow-ups overdue"].tone) == ("1", "warning")
    [panel] = [panel for panel in context["panels"] if panel.title == "Next bookings"]
    assert [line.url for line in panel.lines] == [f"{BOOKINGS}{ahead.pk}/change/"]


def test_the_platform_dashboard_shows_no_single_tenants_work(root: Client, lead: Lead) -> None:
    assert "Bookings overdue" not in {card.title for card in root.get("/admin/").context["cards"]}
