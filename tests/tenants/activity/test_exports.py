"""Exports need a right of their own, a fresh password, and are recorded."""

from datetime import datetime, timedelta
from typing import Any

import pyotp
import pytest
from django.conf import settings
from django.utils import timezone

from lad.audit.models import AuditEntry
from lad.outbox.models import DomainEvent
from lad.tenancy.context import platform_context
from tenants.accounts.models import UserSession
from tenants.activity.models import DataExport
from tenants.teams.models import Membership, PlanTier, Tenant
from tenants.two_factor import services as two_factor
from tests.factories.leads import LeadFactory, SuppressionFactory
from tests.support.api import field_problems, problem
from tests.support.database import one
from tests.tenants.helpers import PASSWORD, confirmed

pytestmark = pytest.mark.django_db

LEADS = "/admin/leads/lead/"
CONFIRM = "/api/v1/me/confirm/"
SUPPRESSIONS = "/admin/leads/suppression/"


def suppression(lead: Any) -> str:
    with platform_context(tenant_id=lead.tenant_id):
        return str(SuppressionFactory.create(lead=lead).pk)


EXPORTS = {
    "leads": lambda browser, lead: browser.post(LEADS, {"action": "export", "_selected_action": [str(lead.pk)]}),
    "suppressions": lambda browser, lead: browser.post(
        SUPPRESSIONS, {"action": "export", "_selected_action": [suppression(lead)]}
    ),
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
    browser, row = admin_of(owner), one(Membership, user=member)
    with platform_context():
        UserSession.objects.update(confirmed_at=timezone.now() - timedelta(hours=1))
    answer = browser.post(f"/admin/tenants/{address.format(row.pk)}")
    assert answer["Location"].startswith("/admin/confirm/")
    assert one(Membership, user=member).role == "member"


class TestInTheApi:
    @pytest.fixture
    def session(self, api, owner):
        """A client of the owner whose session began an hour ago."""
        client = confirmed(api, owner)
        with platform_context():
            UserSession.objects.update(confirmed_at=timezone.now() - timedelta(hours=1))
        return client

    @pytest.fixture
    def transfer(self, member):
        row = one(Membership, user=member)
        return lambda client: client.post(f"/api/v1/memberships/{row.pk}/transfer-ownership/")

    def test_the_transfer_of_ownership_waits_for_the_password(self, session, owner, member, transfer):
        refused = transfer(session)
        assert problem(refused) == (403, "step_up_required")
        assert "/me/confirm/" in refused.json()["detail"]
        assert field_problems(session.post(CONFIRM, {"password": "wrong"}, format="json")) == {
            "password": ["This is not your password."]
        }
        assert problem(transfer(session)) == (403, "step_up_required")
        now = timezone.now()
        answer = session.post(CONFIRM, {"password": PASSWORD}, format="json")
        assert answer.status_code == 200
        lasts = datetime.fromisoformat(answer.json()["confirmed_until"]) - now
        assert settings.STEP_UP_LIFETIME <= lasts < settings.STEP_UP_LIFETIME + timedelta(minutes=1)
        assert transfer(session).status_code == 200
        assert one(Membership, user=member).role == "owner"

    def test_who_has_a_second_factor_confirms_by_its_code_alone(self, session, owner, transfer):
        app = two_factor.begin_app(user=owner)
        code, *_others = two_factor.confirm_app(user=owner, code=pyotp.TOTP(app.secret).now(), now=timezone.now())
        assert "code" in field_problems(session.post(CONFIRM, {"password": PASSWORD}, format="json"))
        assert problem(session.post(CONFIRM, {"code": "000000"}, format="json")) == (400, "wrong_code")
        assert problem(transfer(session)) == (403, "step_up_required")
        assert session.post(CONFIRM, {"code": code}, format="json").status_code == 200
        assert transfer(session).status_code == 200
        assert one(UserSession, user=owner).second_factor_at is not None

    def test_passwords_are_guessed_no_faster_there(self, session, owner):
        for _ in range(5):
            assert session.post(CONFIRM, {"password": "wrong"}, format="json").status_code == 400
        assert problem(session.post(CONFIRM, {"password": PASSWORD}, format="json")) == (429, "locked_out")

    def test_a_token_without_a_session_confirms_nothing(self, api, owner, transfer):
        assert problem(api(owner).post(CONFIRM, {"password": PASSWORD}, format="json")) == (409, "no_session")
        assert problem(transfer(api(owner))) == (403, "step_up_required")

    def test_the_right_is_asked_for_first(self, api, admin, transfer):
        assert problem(transfer(confirmed(api, admin))) == (403, "missing_right")
