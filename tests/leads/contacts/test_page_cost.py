"""How many statements the page of a lead costs, with something in every tab."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from lad.tenancy.context import platform_context
from leads.contacts.models import Lead
from tenants.accounts.models import User
from tenants.features.models import TenantFeature
from tenants.teams.models import Tenant
from tests.factories.campaigns import CampaignLeadFactory
from tests.factories.education import EducationStudentFactory, LeadAttachmentFactory
from tests.factories.leads import (
    LeadBookingFactory,
    LeadFactory,
    LeadNoteFactory,
    LeadSocialFactory,
)
from tests.factories.voice import CallLogFactory

pytestmark = pytest.mark.django_db

MAX_STATEMENTS = 12
TABS = ("notes", "bookings", "files", "social profile", "student", "campaigns", "calls")


@pytest.fixture
def busy_lead(tenant: Tenant, admin: User) -> Lead:
    """A lead with two rows of everything that a lead may have many of."""
    with platform_context(tenant_id=tenant.pk):
        lead = LeadFactory.create(assigned_user=admin, created_by_user=admin)
        for key in ("campaigns", "voice-agent", "education-students"):
            TenantFeature.objects.get_or_create(tenant=tenant, feature_key=key, defaults={"enabled": True})
        for _ in range(2):
            LeadNoteFactory.create(lead=lead, created_by_user=admin)
            LeadBookingFactory.create(lead=lead, created_by_user=admin)
            LeadAttachmentFactory.create(lead=lead, uploaded_by_user=admin)
            CampaignLeadFactory.create(lead=lead)
            CallLogFactory.create(lead=lead, initiated_by_user=admin)
        LeadSocialFactory.create(lead=lead)
        EducationStudentFactory.create(lead=lead)
    return lead


def statements(browser: Client, lead: Lead) -> list[str]:
    """Return what the page asks the database, without the savepoints that only a test's transaction needs."""
    address = f"/admin/leads/lead/{lead.pk}/change/"
    # The first visit fills caches that live as long as the process.
    assert browser.get(address).status_code == 200
    with CaptureQueriesContext(connection) as captured:
        response = browser.get(address)
    assert response.status_code == 200
    shown = response.content.decode().lower()
    assert all(tab in shown for tab in TABS)
    return [each["sql"] for each in captured if not each["sql"].startswith(("SAVEPOINT", "RELEASE SAVEPOINT"))]


def test_the_page_of_a_lead_costs_platform_staff_twelve_statements_at_most(root: Client, busy_lead: Lead) -> None:
    asked = statements(root, busy_lead)
    assert len(asked) <= MAX_STATEMENTS, "\n".join(asked)


def test_the_page_of_a_lead_costs_a_tenants_staff_twelve_statements_at_most(
    admin_of: Callable[..., Client], admin: User, tenant: Tenant, busy_lead: Lead
) -> None:
    asked = statements(admin_of(admin, tenant), busy_lead)
    assert len(asked) <= MAX_STATEMENTS, "\n".join(asked)
