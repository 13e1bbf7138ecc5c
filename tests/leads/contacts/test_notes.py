"""Notes and social profiles."""

from collections.abc import Callable
from typing import Any

from lad.tenancy.context import platform_context
from leads.contacts.models import Lead, LeadSocial
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.leads.helpers import NOTES, SOCIAL
from tests.support.api import conflict, problem
from tests.support.database import stored, violates

Make = Callable[..., Lead]


def test_a_note_carries_its_author_and_counts_as_activity(api: Any, member: User, lead: Lead) -> None:
    before = stored(lead).last_activity_at
    made = api(member).post(NOTES, {"lead": str(lead.pk), "content": "Wants a call."}, format="json")
    assert made.status_code == 201, made.content
    assert made.json()["created_by_user"] == str(member.pk)
    after = stored(lead).last_activity_at
    assert before is not None
    assert after is not None
    assert after > before


def test_the_author_of_a_note_cannot_be_chosen(api: Any, member: User, admin: User, lead: Lead) -> None:
    body = {"lead": str(lead.pk), "content": "Hm.", "created_by_user": str(admin.pk)}
    assert problem(api(member).post(NOTES, body, format="json")) == (400, "invalid")


def test_the_lead_of_a_note_cannot_change(api: Any, member: User, lead: Lead, make_lead: Make) -> None:
    made = api(member).post(NOTES, {"lead": str(lead.pk), "content": "Hm."}, format="json").json()
    response = api(member).patch(f"{NOTES}{made['id']}/", {"lead": str(make_lead().pk)}, format="json")
    assert problem(response) == (400, "invalid")
    assert "lead" in response.json()["errors"]


def test_only_its_author_rewrites_a_note(
    api: Any, admin_of: Any, member: User, admin: User, owner: User, tenant: Tenant, lead: Lead
) -> None:
    made = api(member).post(NOTES, {"lead": str(lead.pk), "content": "Wants a call."}, format="json").json()
    address = f"{NOTES}{made['id']}/"
    for other in (admin, owner):
        response = api(other).patch(address, {"content": "Never call again."}, format="json")
        assert problem(response) == (403, "not_the_author")
    page = admin_of(owner, tenant).post(
        f"/admin/leads/leadnote/{made['id']}/change/", {"lead": str(lead.pk), "content": "Never call again."}
    )
    assert page.status_code != 302
    shown = api(owner).get(address).json()
    assert (shown["content"], shown["created_by_user"]) == ("Wants a call.", str(member.pk))
    assert api(owner).patch(address, {"content": "Wants a call."}, format="json").status_code == 200
    rewritten = api(member).patch(address, {"content": "Wants a call on Monday."}, format="json")
    assert rewritten.json()["content"] == "Wants a call on Monday."


def test_a_lead_has_its_social_profiles_in_one_row(api: Any, member: User, lead: Lead) -> None:
    body = {"lead": str(lead.pk), "data": {"linkedin": "https://linkedin.example/in/x", "provider": {"id": 7}}}
    assert api(member).post(SOCIAL, body, format="json").status_code == 201
    response = api(member).post(SOCIAL, body, format="json")
    assert "Change those" in conflict(response)
    assert response.json()["fields"] == ["lead"]


def test_a_handle_is_text(api: Any, member: User, lead: Lead) -> None:
    body = {"lead": str(lead.pk), "data": {"linkedin": 5}}
    response = api(member).post(SOCIAL, body, format="json")
    assert problem(response) == (400, "invalid")
    assert "linkedin must be text." in response.json()["errors"]["data"]


def test_the_database_keeps_one_row_of_profiles_per_lead(tenant: Tenant, lead: Lead) -> None:
    with platform_context(tenant_id=tenant.pk):
        LeadSocial.objects.create(lead=lead)
        with violates("lead_social_lead_key"):
            LeadSocial.objects.create(lead=lead)
