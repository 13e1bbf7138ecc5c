"""Campaigns, bookings, calls, invoices and other rows are found by what people type, in the API and in the admin."""

from typing import Any

import pytest

from lad.tenancy.context import platform_context
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.factories.billing import InvoiceFactory
from tests.factories.campaigns import CampaignFactory, CampaignLeadFactory, CommunicationTemplateFactory
from tests.factories.leads import LeadBookingFactory, LeadFactory, LeadNoteFactory
from tests.factories.voice import CallAnalysisFactory, CallBatchEntryFactory, CallLogFactory, VoiceAgentFactory
from tests.support.api import ids

# What is typed, and whether it finds the row whose name, or whose lead's name, is "Frühjahr Trần Weiß".
NAMES = {"tran": True, "WEISS früh": True, "fruhjahr": True, "tranquil": False, "winter": False, "-": False}
# The same for an invoice of "Müller & Söhne", whose number ends with 000001.
INVOICES = {"000001": True, "inv-0000": True, "0001": True, "muller": True, "SÖHNE": True, "000002": False}
# The same for a call to +44 2079460958.
NUMBERS = {"+442079460958": True, "2079460958": True, "+442079460959": False}


@pytest.fixture
def rows(tenant: Tenant) -> dict[str, tuple[Any, dict[str, bool]]]:
    """Address → the row in that list, and what finds it."""
    name = "Frühjahr Trần Weiß"
    with platform_context(tenant_id=tenant.pk):
        lead = LeadFactory.create(first_name="Frühjahr", last_name="Trần Weiß")
        others = [factory.create() for factory in (LeadFactory, CampaignFactory, VoiceAgentFactory, InvoiceFactory)]
        assert len(others) == 4
        tenant.name = "Müller & Söhne"
        tenant.save(update_fields=["name"])
        enrolment = CampaignLeadFactory.create(lead=lead)
        call = CallLogFactory.create(
            lead=lead, campaign_lead=enrolment, campaign=enrolment.campaign, to_base_number=2079460958
        )
        CallLogFactory.create()
        return {
            "/leads/lead": (lead, NAMES),
            "/leads/leadnote": (LeadNoteFactory.create(lead=lead), NAMES),
            "/leads/leadbooking": (LeadBookingFactory.create(lead=lead), NAMES),
            "/campaigns/campaign": (CampaignFactory.create(name=name), NAMES),
            "/campaigns/campaignlead": (enrolment, NAMES),
            "/campaigns/communicationtemplate": (CommunicationTemplateFactory.create(name=name), NAMES),
            "/voice/voiceagent": (VoiceAgentFactory.create(name=name), NAMES),
            "/voice/calllog": (call, NAMES | NUMBERS),
            "/voice/callanalysis": (CallAnalysisFactory.create(call_log=call, lead=lead), NAMES),
            "/voice/callbatchentry": (CallBatchEntryFactory.create(lead=lead), NAMES),
            "/billing/invoice": (InvoiceFactory.create(status="pending"), INVOICES),
        }


def test_lists_of_the_admin_are_searched_by_words(rows: Any, admin_of: Any, owner: User) -> None:
    browser, wrong = admin_of(owner), []
    for address, (row, searches) in rows.items():
        for term, expected in searches.items():
            found = browser.get(f"/admin{address}/", {"q": term}).context["cl"].result_list
            wrong += [(address, term)] if (row.pk in [each.pk for each in found]) is not expected else []
    assert wrong == []


def test_lists_of_the_api_are_searched_by_the_same_words(rows: Any, api: Any, owner: User) -> None:
    caller, wrong = api(owner), []
    for row, searches in rows.values():
        table = row._meta.db_table.replace("_", "-")
        if table in ("voice-call-analysis", "voice-call-batch-entries"):
            continue
        for term, expected in searches.items():
            found = ids(caller.get(f"/api/v1/{table}/", {"search": term}))
            wrong += [(table, term)] if (str(row.pk) in found) is not expected else []
    assert wrong == []
