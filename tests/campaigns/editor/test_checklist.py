"""The checklist before the start says what blocks it, what is advised, and when the last first message leaves."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest

from campaigns.accounts.models import EmailAccount
from campaigns.design.models import Campaign
from campaigns.editor.checklist import pace_in_words
from campaigns.editor.forecast import Forecast, forecast
from campaigns.enrolment.models import CampaignLead
from lad.moments import WEEKDAYS
from lad.tenancy.context import platform_context
from leads.contactability.models import ContactPolicy, Holiday
from leads.contacts.models import Lead
from tenants.teams.models import Tenant
from tests.factories.campaigns import CampaignLeadFactory, EmailAccountFactory

Call = Callable[..., Any]
# A Monday.
MONDAY = datetime(2026, 3, 2, 5, tzinfo=UTC)


def items(call: Call, campaign: Campaign) -> dict[str, dict[str, Any]]:
    response = call("get", "campaigns", campaign, "checklist")
    assert response.status_code == 200, response.content
    return {each["code"]: each for each in response.json()["items"]}


@pytest.fixture
def planned(tenant: Tenant, campaign: Campaign, add_step: Any) -> Campaign:
    """A draft with an e-mail step, one mailbox, and 100 leads who wait; open all day from Monday to Friday."""
    add_step(campaign)
    with platform_context(tenant_id=tenant.pk):
        tenant.timezone = "UTC"
        tenant.save()
        EmailAccountFactory.create(daily_send_limit=40, min_gap_seconds=1)
        ContactPolicy.objects.update_or_create(
            tenant=tenant,
            defaults={
                "contact_from": "00:00",
                "contact_until": "23:59:59.999999",
                "contact_days": [*WEEKDAYS[:5]],
                "skips_holidays": True,
            },
        )
        leads = Lead.objects.bulk_create(Lead(tenant=tenant, email=f"p{n}@people.example") for n in range(100))
        CampaignLead.objects.bulk_create(
            CampaignLead(tenant=tenant, campaign=campaign, lead=lead, first_name="Ada", email=lead.email)
            for lead in leads
        )
    return campaign


def plan(campaign: Campaign, **config: Any) -> Forecast:
    with platform_context(tenant_id=campaign.tenant_id):
        campaign.config = config
        campaign.save()
        found = forecast(campaign, now=MONDAY)
    assert found is not None
    return found


def test_an_empty_campaign_lists_what_blocks_it_with_the_page_that_solves_it(call: Call, campaign: Campaign) -> None:
    response = call("get", "campaigns", campaign, "checklist").json()
    assert response["ready"] is False
    found = {each["code"]: each for each in response["items"]}
    assert found["no_steps"]["level"] == "blocking"
    assert found["no_steps"]["page"].endswith(f"{campaign.pk}/sequence/")
    assert found["no_leads"]["page"].endswith(f"{campaign.pk}/enrol/")


def test_leads_without_an_address_and_missing_records_are_counted_and_named(
    call: Call, ready: Campaign, tenant: Tenant
) -> None:
    with platform_context(tenant_id=tenant.pk):
        CampaignLeadFactory.create_batch(12, campaign=ready, email="", lead__email="")
        findings = [
            {"record": "SPF", "grade": "good", "found": "v=spf1", "advice": ""},
            {"record": "DMARC", "grade": "missing", "found": "", "advice": "Add a record."},
        ]
        EmailAccount.objects.update(dns_report={"domain": "acme.example", "findings": findings})
    found = items(call, ready)
    lacking = found["no_address_email"]
    assert (lacking["text"], lacking["count"], lacking["level"]) == ("12 leads lack an e-mail address.", 12, "advice")
    assert str(ready.pk) in lacking["page"]
    assert found["dns_dmarc"]["text"] == "DMARC missing: acme.example."
    assert "dns_spf" not in found
    # An e-mail without a way out is advised against.
    assert found["no_unsubscribe"]["level"] == "advice"
    assert call("get", "campaigns", ready, "checklist").json()["ready"] is True


def test_unchecked_records_are_said_and_good_ones_are_ticked(call: Call, ready: Campaign, tenant: Tenant) -> None:
    assert items(call, ready)["dns_unchecked"]["link"] == "Check them"
    with platform_context(tenant_id=tenant.pk):
        EmailAccount.objects.update(dns_report={"findings": [{"record": "SPF", "grade": "good"}]})
    assert items(call, ready)["dns"]["level"] == "good"


def test_missing_variables_are_counted_by_lead(call: Call, ready: Campaign, tenant: Tenant) -> None:
    with platform_context(tenant_id=tenant.pk):
        CampaignLeadFactory.create_batch(2, campaign=ready, first_name="", lead__first_name="")
    found = items(call, ready)["missing_variable"]
    assert found["count"] == 2 and "first_name" in found["text"]


def test_the_limit_of_the_account_and_the_weekend_decide_when_the_last_message_leaves(planned: Campaign) -> None:
    found = plan(planned)
    # 40 on Monday, 40 on Tuesday, 20 on Wednesday.
    assert (found.per_day, found.first_day, found.last_day) == (40, date(2026, 3, 2), date(2026, 3, 4))


def test_the_cap_of_the_campaign_and_its_days_decide(planned: Campaign) -> None:
    found = plan(planned, daily_cap=10, window={"start": "09:00", "end": "17:00", "days": ["monday", "tuesday"]})
    # Ten on each Monday and Tuesday: five weeks.
    assert (found.per_day, found.last_day) == (10, date(2026, 3, 31))
    assert pace_in_words(found) == "Cap 10 a day: the last first message leaves on 31 March."


def test_holidays_and_the_hours_that_are_left_today_count(planned: Campaign, tenant: Tenant) -> None:
    with platform_context(tenant_id=tenant.pk):
        Holiday.objects.create(day=date(2026, 3, 3), name="Founders’ day")
    assert plan(planned).last_day == date(2026, 3, 5)
    # At five in the morning these hours have passed.
    assert plan(planned, window={"start": "01:00", "end": "04:00"}).first_day == date(2026, 3, 4)


def test_a_mailbox_that_ramps_up_takes_longer(planned: Campaign, tenant: Tenant) -> None:
    with platform_context(tenant_id=tenant.pk):
        EmailAccount.objects.update(ramp_up_from=MONDAY.date())
    # 10, 12, 15, 18 and 22 to Friday; 23 are left for Monday.
    assert plan(planned).last_day == date(2026, 3, 9)


def test_a_delay_before_the_first_message_and_the_gap_between_messages_count(
    planned: Campaign, tenant: Tenant, add_step: Any
) -> None:
    add_step(planned, type="delay", title="Wait", config={"days": 7}, order=1)
    assert plan(planned).first_day == date(2026, 3, 9)
    with platform_context(tenant_id=tenant.pk):
        # One message in two hours on average, eight hours a day.
        EmailAccount.objects.update(min_gap_seconds=5760)
    assert plan(planned, window={"start": "09:00", "end": "17:00"}).per_day == 5


def test_without_an_account_there_is_no_day(planned: Campaign, tenant: Tenant, call: Call) -> None:
    with platform_context(tenant_id=tenant.pk):
        EmailAccount.objects.update(is_active=False)
    assert plan(planned).last_day is None
    assert items(call, planned)["no_email_account"]["level"] == "blocking"
    assert "pace" not in items(call, planned)


def test_an_end_before_the_last_message_is_advised_against(call: Call, planned: Campaign, tenant: Tenant) -> None:
    with platform_context(tenant_id=tenant.pk):
        planned.config = {"daily_cap": 1}
        planned.ends_at = datetime(2090, 1, 2, tzinfo=UTC)
        planned.starts_at = datetime(2090, 1, 1, tzinfo=UTC)
        planned.save()
    pace = items(call, planned)["pace"]
    assert pace["level"] == "advice" and "ends on 2 Jan 2090" in pace["text"]


def test_another_tenants_checklist_is_not_found(call: Call, tenant: Tenant) -> None:
    from tests.factories.campaigns import CampaignFactory
    from tests.factories.tenants import TenantFactory

    with platform_context():
        other = TenantFactory.create()
    with platform_context(tenant_id=other.pk):
        foreign = CampaignFactory.create()
    assert call("get", "campaigns", foreign, "checklist").status_code == 404
