"""Members who leave: what they hold is handed over, and nothing new is given to them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from lad import writes
from lad.errors import Invalid
from lad.tenancy.context import platform_context
from leads.bookings.models import LeadBooking
from leads.contacts.models import Lead
from tenants.accounts.models import User
from tenants.teams.models import Membership
from tests.factories.campaigns import CampaignFactory
from tests.factories.education import EducationCounsellorFactory
from tests.leads.bookings.test_bookings import NINE, book
from tests.leads.helpers import LEADS
from tests.support.api import field_problems, text
from tests.support.database import stored

pytestmark = pytest.mark.usefixtures("stages")

Make = Callable[..., Lead]


def test_former_members_get_no_new_rows_and_unchanged_rows_can_be_saved(
    api: Any, admin: User, member: User, lead: Lead
) -> None:
    client = api(admin)
    with platform_context(tenant_id=lead.tenant_id):
        row = Membership.objects.get(user=member)
    assert client.delete(f"/api/v1/memberships/{row.pk}/").status_code == 204
    assert list(field_problems(book(client, lead))) == ["assigned_user"]
    named = field_problems(book(client, lead, assigned_user=str(member.pk)))
    assert "not a member of the tenant any more" in named["assigned_user"][0]
    shown = client.get(f"{LEADS}{lead.pk}/").json()
    saved = client.put(f"{LEADS}{lead.pk}/", shown, format="json")
    assert (saved.status_code, saved.json().get("assigned_user")) == (200, str(member.pk)), saved.content
    refused = client.post(LEADS, {"first_name": "Ada", "assigned_user": str(member.pk)}, format="json")
    assert list(field_problems(refused)) == ["assigned_user"]
    with (
        platform_context(tenant_id=lead.tenant_id),
        pytest.raises(Invalid, match="not valid") as caught,
    ):
        writes.create(Lead, {"first_name": "Ada", "assigned_user": member})
    assert list(caught.value.errors) == ["assigned_user"]


def test_what_a_removed_member_holds_is_handed_over(
    api: Any, admin_of: Any, admin: User, member: User, lead: Lead, make_lead: Make
) -> None:
    client, tenant = api(admin), lead.tenant_id
    moved, taken = book(client, lead).json(), book(client, lead, NINE + timedelta(hours=2)).json()
    assert book(client, make_lead(assigned_user=admin), NINE + timedelta(hours=2)).status_code == 201
    with platform_context(tenant_id=tenant):
        campaign, row = CampaignFactory.create(created_by_user=member), Membership.objects.get(user=member)
        hours = EducationCounsellorFactory.create(user=member)
    url = f"/api/v1/memberships/{row.pk}/"
    held = client.get(f"{url}holdings/").json()["holdings"]
    assert held == {"leads": 1, "open bookings": 2, "calendar": 1, "campaigns": 1}
    assert "1 leads" in text(admin_of(admin).get(f"/admin/tenants/membership/{row.pk}/delete/"))
    stranger = client.post(f"{url}remove/", {"hand_over_to": str(uuid4())}, format="json")
    assert list(field_problems(stranger)) == ["hand_over_to"]
    done = client.post(f"{url}remove/", {"hand_over_to": str(admin.pk)}, format="json")
    assert (done.status_code, done.json()["counts"]) == (200, held)
    [note] = done.json()["notes"]
    assert "11:00 to 11:15" in note
    assert stored(lead).assigned_user_id == stored(hours).user_id == stored(campaign).created_by_user_id == admin.pk
    with platform_context(tenant_id=tenant):
        users = dict(LeadBooking.objects.values_list("pk", "assigned_user"))
    assert (users[UUID(moved["id"])], users[UUID(taken["id"])]) == (admin.pk, member.pk)
    assert stored(row).deleted_at is not None


def test_the_delete_page_of_a_member_hands_over(admin_of: Any, admin: User, member: User, lead: Lead) -> None:
    with platform_context(tenant_id=lead.tenant_id):
        row = Membership.objects.get(user=member)
    sent = {"post": "yes", "hand_over_to": str(admin.pk)}
    answer = admin_of(admin).post(f"/admin/tenants/membership/{row.pk}/delete/", sent)
    assert answer.status_code == 302
    assert stored(lead).assigned_user_id == admin.pk
    assert stored(row).deleted_at is not None
