"""A lead that was called, and what was found out about the call."""

from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Any

import pytest
from django.utils import timezone

from lad.outbox.drain import drain
from lad.tenancy.context import platform_context, tenant_context
from leads.contacts.models import Lead
from tenants.teams.models import Tenant
from tests.factories.leads import ContactPolicyFactory, LeadFactory, LeadStageFactory
from tests.factories.voice import CallLogFactory
from tests.voice.helpers import create
from voice.analysis.models import CallAnalysis
from voice.analysis.recording import record_analysis
from voice.calls.models import CallLog
from voice.carriers.outcomes import Outcome
from voice.dialer.ending import finish, lock_placement
from voice.dialer.models import CallPlacement


@pytest.fixture
def lead(tenant: Tenant) -> Lead:
    """A new lead in Dubai, of a tenant with three stages."""
    for place, key in enumerate(("new", "contacted", "qualified"), start=1):
        create(tenant, LeadStageFactory, key=key, label=key.title(), display_order=place)
    about = {"first_name": "Maya", "last_name": "Haddad", "phone": "+971501234567", "location": "Dubai"}
    row: Lead = create(tenant, LeadFactory, tags=["VIP"], **about)
    return row


@pytest.fixture
def call(tenant: Tenant, lead: Lead) -> CallLog:
    """A call with the lead that has ended."""
    return call_with(tenant, lead, status="ended", outcome="answered")


def call_with(tenant: Tenant, lead: Lead | None, phone: str = "", **values: Any) -> CallLog:
    """Return a call of no campaign with a lead, or with a number."""
    number = int((phone or (lead.phone if lead else "")).removeprefix("+971"))
    of_no_campaign = {"campaign": None, "campaign_lead": None, "campaign_step": None}
    columns = {"to_country_code": "+971", "to_base_number": number, **of_no_campaign}
    row: CallLog = create(tenant, CallLogFactory, lead=lead, **{**columns, **values})
    return row


@pytest.fixture
def analysed(tenant: Tenant) -> Callable[..., CallAnalysis]:
    """``analysed(call, outcome=…, follow_up_at=…)`` records what was found out, and lets what follows happen."""

    def record(call: CallLog, **values: Any) -> CallAnalysis:
        usual = {"summary": "They talked about prices.", "follow_up_zone": "Asia/Dubai", "answered_by": "human"}
        with tenant_context(tenant.pk):
            made = record_analysis(call=call, values={**usual, **values})
        drain()
        return made

    return record


def soon(hours: float = 48) -> datetime:
    """Return a full hour that is to come."""
    return (timezone.now() + timedelta(hours=hours)).replace(minute=0, second=0, microsecond=0)


def open_all_day(tenant: Tenant, **rules: Any) -> None:
    """Let the tenant's leads be contacted at any time, so that delays are what they are."""
    hours = {"contact_from": time(0), "contact_until": time(23, 59, 59), "skips_holidays": False}
    with platform_context(tenant_id=tenant.pk):
        ContactPolicyFactory.create(tenant=tenant, **{**hours, "max_per_day": 0, "max_per_week": 0, **rules})


def end(call: CallLog, outcome: Outcome, *, now: datetime | None = None) -> None:
    """End a call as its carrier's reports do, and let what follows happen."""
    with tenant_context(call.tenant_id):
        placement = lock_placement(call.pk)
        assert placement is not None
        CallPlacement.objects.filter(pk=placement.pk).update(answered=outcome == Outcome.ANSWERED)
        placement.answered = outcome == Outcome.ANSWERED
        finish(placement, outcome, now=now or timezone.now())
    drain()
