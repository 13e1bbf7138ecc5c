"""Exports need a right of their own, a fresh password, and are recorded."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from lad.audit.models import AuditEntry
from lad.outbox.models import DomainEvent
from lad.tenancy.context import platform_context
from tenants.accounts.models import UserSession
from tenants.activity.models import DataExport
from tenants.teams.models import PlanTier, Tenant
from tests.factories.leads import LeadFactory
from tests.support.database import one

pytestmark = pytest.mark.django_db

LEADS = "/admin/leads/lead/"
EXPORTS = {
    "leads": lambda browser, lead: browser.post(LEADS, {"action": "export", "_selected_action": [str(lead.pk)]}),
    "usage": lambda browser, lead: browser.get("/admin/usage/", {"csv": "1"}),
    "prices": lambda browser, lead: browser.get("/admin/price-list/export/"),
}


@pytest.fixture
def lead(tenant: Any) -> Any:
    with platform_context(tenant_id=tenant.pk):
        Tenant.objects.filter(pk=tenant.pk).update(plan_tier=PlanTier.ENTERPRISE)
        return LeadFactory.create()


@pytest.mark.parametrize("kind", EXPORTS)
def test_an_export_is_recorded_with_who_and_from_where(admin_of, admin, tenant, lead, kind):
    answer = EXPORTS[kind](admin_of(admin), lead)
    assert answer["Content-Type"].startswith("text/csv")
    made = one(DataExport)
    assert (made.kind, made.user_id, made.tenant_id) == (kind, admin.pk, tenant.pk)
    assert one(DomainEvent, event_type="tenants.data_export.created").tenant_id == tenant.pk
    with platform_context():
        entry = AuditEntry.objects.get(table_name="data_exports")
    assert (entry.actor_id, entry.client_address) == (admin.pk, "127.0.0.1")


@pytest.mark.parametrize("kind", EXPORTS)
def test_a_member_may_not_export(admin_of, member, lead, kind):
    answer = EXPORTS[kind](admin_of(member), lead)
    assert not answer.get("Content-Type", "").startswith("text/csv")
    with platform_context():
        assert not DataExport.objects.exists()


@pytest.mark.parametrize("kind", EXPORTS)
def test_an_export_asks_for_the_password_again(admin_of, admin, lead, kind):
    browser = admin_of(admin)
    with platform_context():
        UserSession.objects.update(confirmed_at=timezone.now() - timedelta(hours=1))
    answer = EXPORTS[kind](browser, lead)
    assert answer["Location"].startswith("/admin/confirm/?next=")
    with platform_context():
        assert not DataExport.objects.exists()


def test_an_export_of_lad_s_staff_across_tenants_is_recorded_too(root, superuser, lead):
    assert EXPORTS["leads"](root, lead)["Content-Type"].startswith("text/csv")
    made = one(DataExport)
    assert (made.user_id, made.tenant_id, made.row_count) == (superuser.pk, None, 1)


@pytest.mark.parametrize("address", ["membership/{}/transfer_ownership/"], ids=["transfer"])
def test_the_transfer_of_ownership_asks_for_the_password_again(admin_of, owner, member, address):
    from tenants.teams.models import Membership

    browser, row = admin_of(owner), one(Membership, user=member)
    with platform_context():
        UserSession.objects.update(confirmed_at=timezone.now() - timedelta(hours=1))
    answer = browser.post(f"/admin/tenants/{address.format(row.pk)}")
    assert answer["Location"].startswith("/admin/confirm/")
    assert one(Membership, user=member).role == "member"
