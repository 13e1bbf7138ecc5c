"""Restoring leads with what was deleted with them, and the history of leads."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from lad.audit.selectors import history
from lad.tenancy.context import platform_context
from leads.contacts.models import Lead
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.factories.leads import LeadFactory
from tests.leads.bookings.test_bookings import NINE, act, book
from tests.leads.helpers import BOOKINGS, LEADS, NOTES
from tests.support.api import problem, text
from tests.support.database import stored
from tests.support.jobs import run_jobs

pytestmark = pytest.mark.usefixtures("stages")

Make = Callable[..., Lead]


def actions_of(page: Any) -> set[str]:
    """Return the names of the actions that a list offers."""
    return {name for name, _label in page.context["action_form"].fields["action"].choices}


def test_a_restored_lead_says_which_booking_stays_deleted_and_whose_time_is_taken(
    api: Any, member: User, lead: Lead, make_lead: Make
) -> None:
    client = api(member)
    taken, free = book(client, lead).json(), book(client, lead, NINE + timedelta(hours=3)).json()
    assert client.delete(f"{LEADS}{lead.pk}/").status_code == 204
    assert book(client, make_lead()).status_code == 201
    answer = client.post(f"{LEADS}{lead.pk}/restore/")
    assert answer.status_code == 200, answer.content
    [left] = answer.json()["not_restored"]
    assert (left["id"], left["type"]) == (taken["id"], "booking")
    assert "09:00 to 09:15" in left["reason"]
    assert client.get(f"{BOOKINGS}{taken['id']}/").status_code == 404
    assert client.get(f"{BOOKINGS}{free['id']}/").status_code == 200
    assert problem(act(client, taken, "restore")) == (409, "slot_taken")


def test_a_bulk_restore_restores_what_it_can_and_names_the_rest(
    api: Any, admin_of: Any, member: User, make_lead: Make
) -> None:
    client, browser, leads = api(member), admin_of(member), [make_lead(first_name=f"Lead{n}") for n in range(3)]
    assert book(client, leads[1]).status_code == 201
    for each in leads:
        assert client.delete(f"{LEADS}{each.pk}/").status_code == 204
    assert book(client, make_lead()).status_code == 201
    url = "/admin/leads/lead/"
    offered = actions_of(browser.get(f"{url}?deleted=yes"))
    assert {"", "restore_selected"} <= offered <= {"", "restore_selected", "export"}
    usual = actions_of(browser.get(url))
    assert {"move_all", "delete_selected"} <= usual
    assert "restore_selected" not in usual
    chosen = {"action": "restore_selected", "_selected_action": [str(each.pk) for each in leads]}
    shown = text(browser.post(f"{url}?deleted=yes", chosen, follow=True))
    assert "2 of 3 leads were restored" in shown
    assert "Lead1" in shown
    assert "09:00 to 09:15" in shown
    assert [stored(each).deleted_at for each in leads] == [None] * 3


def test_a_job_restores_many_leads_and_reports_the_rest(api: Any, member: User, make_lead: Make) -> None:
    client, leads = api(member), [make_lead(source="list") for _ in range(3)]
    assert book(client, leads[1]).status_code == 201
    for each in leads:
        assert client.delete(f"{LEADS}{each.pk}/").status_code == 204
    assert book(client, make_lead()).status_code == 201
    started = client.post(f"{LEADS}bulk/restore/", {"filter": {"source": "list"}}, format="json")
    assert (started.status_code, started.json()["total"]) == (202, 3), started.content
    run_jobs()
    [told] = client.get("/api/v1/job-failures/", {"job": started.json()["id"]}).json()["results"]
    assert (told["row_id"], told["verdict"]) == (str(leads[1].pk), "skipped")
    assert "09:00 to 09:15" in told["reason"]
    assert [stored(each).deleted_at for each in leads] == [None] * 3


def test_staff_of_lad_restore_rows_of_several_tenants(
    root: Any, make_lead: Make, other_tenant: Tenant, tenant: Tenant
) -> None:
    with platform_context(tenant_id=other_tenant.pk):
        theirs = LeadFactory.create()
    rows = [make_lead(), theirs]
    for each in rows:
        with platform_context(tenant_id=each.tenant_id):
            each.delete()
    chosen = {"action": "restore_selected", "_selected_action": [str(each.pk) for each in rows]}
    assert text(root.post("/admin/leads/lead/?deleted=yes", chosen, follow=True)).count("was restored") == 2
    assert [stored(each).deleted_at for each in rows] == [None, None]


def test_the_history_does_not_tell_of_bookkeeping(api: Any, admin_of: Any, member: User, lead: Lead) -> None:
    client = api(member)
    assert book(client, lead).status_code == 201
    assert client.post(NOTES, {"lead": str(lead.pk), "content": "Hello"}, format="json").status_code == 201
    assert client.patch(f"{LEADS}{lead.pk}/", {"title": "Director"}, format="json").status_code == 200
    with platform_context(tenant_id=lead.tenant_id):
        changed, created = history(Lead, lead.pk)
    assert (changed.action, [change.name for change in changed.changes]) == ("Changed", ["title"])
    assert created.action == "Created"
    assert "Last activity" not in text(admin_of(member).get(f"/admin/leads/lead/{lead.pk}/history/"))
