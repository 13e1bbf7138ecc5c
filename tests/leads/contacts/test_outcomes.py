"""Won and lost: the status follows the stage, whichever way a lead moves. And what a new lead needs."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from billing.ledger.models import Wallet
from lad.outbox.models import DomainEvent
from lad.tenancy.context import platform_context
from leads.contacts.models import Lead
from leads.pipeline.models import LeadStage, LeadStatus
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.contract.pages import form_of, untouched
from tests.leads.helpers import LEADS, STAGES
from tests.support.api import field_problems
from tests.support.database import stored

Make = Callable[..., Lead]

PAGE = "/admin/leads/lead/"
# Stage and status before, the stage moved to, the status after.
MOVES = [
    ("new", "active", "won", "closed_won"),
    ("new", "on_hold", "lost", "closed_lost"),
    ("won", "closed_won", "lost", "closed_lost"),
    ("won", "closed_won", "negotiation", "active"),
    ("lost", "inactive", "proposal", "inactive"),
    ("new", "on_hold", "qualified", "on_hold"),
]


def moved_by_patch(api: Any, _browser: Client, lead: Lead, stage: str) -> Any:
    return api.patch(f"{LEADS}{lead.pk}/", {"stage": stage}, format="json")


def moved_as_one_of_many(api: Any, _browser: Client, lead: Lead, stage: str) -> Any:
    return api.post(f"{LEADS}move/", {"ids": [str(lead.pk)], "stage": stage}, format="json")


def moved_by_its_page(_api: Any, browser: Client, lead: Lead, stage: str) -> Any:
    return browser.post(f"{PAGE}{lead.pk}/move/", {"stage": stage})


def moved_from_the_list(_api: Any, browser: Client, lead: Lead, stage: str) -> Any:
    chosen = {"action": "move_all", "_selected_action": [str(lead.pk)], "index": "0", "confirmed": "1"}
    return browser.post(PAGE, {**chosen, "stage": stage})


def moved_by_its_form(_api: Any, browser: Client, lead: Lead, stage: str) -> Any:
    url = f"{PAGE}{lead.pk}/change/"
    return browser.post(url, {**untouched(browser.get(url), Lead), "stage": stage})


WAYS = [moved_by_patch, moved_as_one_of_many, moved_by_its_page, moved_from_the_list, moved_by_its_form]


@pytest.mark.parametrize("way", WAYS)
def test_the_status_follows_a_stage_that_is_won_or_lost(
    way: Any, api: Any, admin_of: Callable[..., Client], admin: User, make_lead: Make
) -> None:
    caller, browser = api(admin), admin_of(admin)
    for stage, status, to, after in MOVES:
        lead = make_lead(stage=stage, status=status)
        assert way(caller, browser, lead, to).status_code in (200, 302)
        row = stored(lead)
        assert (row.stage, row.status) == (to, after), (stage, status)
        with platform_context():
            changes = DomainEvent.objects.filter(aggregate_id=lead.pk, event_type="leads.lead.status_changed")
            told = [event.payload for event in changes]
        assert told == ([{"before": status, "after": after}] if status != after else [])


def test_a_status_that_is_named_is_kept(api: Any, member: User, lead: Lead) -> None:
    answer = api(member).patch(f"{LEADS}{lead.pk}/", {"stage": "won", "status": "on_hold"}, format="json").json()
    assert (answer["stage"], answer["status"]) == ("won", "on_hold")
    made = api(member).post(LEADS, {"first_name": "Ada", "stage": "lost"}, format="json").json()
    assert (made["stage"], made["status"]) == ("lost", "closed_lost")


def test_the_leads_of_a_retired_stage_get_the_status_of_the_next(
    api: Any, admin: User, tenant: Tenant, make_lead: Make
) -> None:
    lead = make_lead(stage="negotiation", status="active")
    with platform_context(tenant_id=tenant.pk):
        rows = {row.key: row for row in LeadStage.objects.all()}
    url = f"{STAGES}{rows['negotiation'].pk}/retire/"
    assert api(admin).post(url, {"move_leads_to": str(rows["won"].pk)}, format="json").status_code == 200
    assert (stored(lead).stage, stored(lead).status) == ("won", "closed_won")


def test_a_tenant_says_which_of_its_own_stages_are_won(api: Any, admin: User, tenant: Tenant, lead: Lead) -> None:
    caller = api(admin)
    made = caller.post(STAGES, {"key": "signed", "label": "Signed", "outcome": "won"}, format="json").json()
    assert made["outcome"] == "won"
    assert caller.post(STAGES, {"key": "enrolled", "label": "Enrolled"}, format="json").json()["outcome"] == "won"
    assert caller.post(STAGES, {"key": "asked", "label": "Asked"}, format="json").json()["outcome"] == "open"
    caller.patch(f"{LEADS}{lead.pk}/", {"stage": "signed"}, format="json")
    assert stored(lead).status == "closed_won"
    with platform_context(tenant_id=tenant.pk):
        LeadStatus.objects.filter(outcome="lost").update(outcome="open")
    caller.patch(f"{LEADS}{lead.pk}/", {"stage": "lost"}, format="json")
    assert stored(lead).status == "closed_won"


def test_the_board_names_the_outcome_of_each_stage(api: Any, member: User, lead: Lead) -> None:
    board = api(member).get(f"{LEADS}board/").json()["stages"]
    assert {each["key"]: each["outcome"] for each in board if each["outcome"] != "open"} == {
        "won": "won",
        "lost": "lost",
    }


def test_a_new_lead_has_the_currency_of_its_tenant(
    api: Any, admin_of: Callable[..., Client], member: User, tenant: Tenant, stages: None
) -> None:
    assert api(member).post(LEADS, {"first_name": "Ada"}, format="json").json()["currency"] == "USD"
    with platform_context(tenant_id=tenant.pk):
        Wallet.objects.filter(tenant=tenant, user=None).delete()
        Wallet.objects.create(currency="EUR")
    assert api(member).post(LEADS, {"first_name": "Ada"}, format="json").json()["currency"] == "EUR"
    chosen = api(member).post(LEADS, {"first_name": "Ada", "currency": "GBP"}, format="json").json()
    assert chosen["currency"] == "GBP"
    assert form_of(admin_of(member).get(f"{PAGE}add/")).initial["currency"] == "EUR"


def test_a_lead_without_anybody_is_refused_with_what_to_enter(
    api: Any, admin_of: Callable[..., Client], member: User, lead: Lead
) -> None:
    sentence = "Enter at least a name, an e-mail address, a phone number, a company or a LinkedIn address."
    for body in ({}, {"title": "CEO", "estimated_value": "100", "tags": ["a"]}, {"first_name": " "}):
        refused = api(member).post(LEADS, body, format="json")
        assert field_problems(refused) == {"non_field_errors": [sentence]}
    emptied = dict.fromkeys(("first_name", "last_name", "email", "phone", "company_name", "company_domain"), "")
    refused = api(member).patch(f"{LEADS}{lead.pk}/", {**emptied, "linkedin_url": ""}, format="json")
    assert field_problems(refused) == {"non_field_errors": [sentence]}
    browser = admin_of(member)
    page = browser.post(f"{PAGE}add/", untouched(browser.get(f"{PAGE}add/"), Lead))
    assert form_of(page).non_field_errors() == [sentence]
    for name, value in (("company_domain", "acme.example"), ("linkedin_url", "https://linkedin.com/in/ada")):
        assert api(member).post(LEADS, {name: value}, format="json").status_code == 201
