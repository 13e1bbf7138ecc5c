"""Public holidays of countries count beside the tenant's own, for leads in the countries that the policy chooses."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.test import Client

from lad import writes
from lad.tenancy.context import platform_context
from leads.channels import Channel
from leads.contactability import public_holidays
from leads.contactability.decisions import ReasonCode, Verdict
from leads.contactability.models import ContactPolicy, Holiday, Purpose
from leads.contactability.services import decide
from leads.contacts.models import Lead
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.factories.leads import ContactPolicyFactory
from tests.support.api import field_problems, text

GERMAN, EMIRATI = "+493012345678", "+97142345678"
# Both countries' national days are no weekend in 2026: 2 December in the Emirates, 25 December in Germany.
NATIONAL_DAY = datetime(2026, 12, 2, 8, tzinfo=UTC)
CHRISTMAS = datetime(2026, 12, 25, 10, tzinfo=UTC)


def verdict_of(lead: Lead, at: datetime) -> tuple[Verdict, list[str]]:
    decision = decide(lead_ids=[lead.pk], channel=Channel.EMAIL, purpose=Purpose.OUTREACH, at=at)[lead.pk]
    return decision.verdict, [each.detail for each in decision.reasons if each.code == ReasonCode.HOLIDAY]


CLOSED = {
    # The policy's values → whether a lead in the Emirates and one in Germany wait on their national day.
    "no policy": (None, True, False),
    "the tenant's country": ({"public_holidays": "own"}, True, False),
    "each lead's country": ({"public_holidays": "leads"}, True, True),
    "one chosen country": ({"public_holidays": "chosen", "holiday_countries": ["DE"]}, False, True),
    "no chosen country": ({"public_holidays": "chosen"}, False, False),
    "none": ({"public_holidays": "none", "holiday_countries": ["AE"]}, False, False),
    "no holidays at all": ({"public_holidays": "leads", "skips_holidays": False}, False, False),
}


@pytest.mark.usefixtures("inside")
@pytest.mark.parametrize(("policy", "emirati_waits", "german_waits"), CLOSED.values(), ids=CLOSED)
def test_the_policy_chooses_whose_public_holidays_count(
    make_lead: Callable[..., Lead], policy: dict[str, Any] | None, emirati_waits: bool, german_waits: bool
) -> None:
    if policy is not None:
        writes.create(ContactPolicy, policy)
    for phone, at, waits, name in (
        (EMIRATI, NATIONAL_DAY, emirati_waits, "National Day"),
        (GERMAN, CHRISTMAS, german_waits, "Christmas Day"),
    ):
        lead = make_lead(phone=phone, email=f"person{phone[1:]}@people.example")
        expected = (Verdict.DEFER, [name]) if waits else (Verdict.ALLOW, [])
        assert verdict_of(lead, at) == expected
        # Another country's holiday is a day like any other.
        assert verdict_of(lead, datetime(2026, 12, 8, 10, tzinfo=UTC)) == (Verdict.ALLOW, [])


@pytest.mark.usefixtures("inside")
def test_the_tenants_own_days_count_beside_public_ones_and_name_them(make_lead: Callable[..., Lead]) -> None:
    lead = make_lead(phone=EMIRATI, email="maya@people.example")
    writes.create(Holiday, {"day": NATIONAL_DAY.date(), "name": "Our own name", "country": "AE"})
    writes.create(Holiday, {"day": date(2026, 12, 8), "name": "Outing", "country": ""})
    assert verdict_of(lead, NATIONAL_DAY) == (Verdict.DEFER, ["Our own name"])
    assert verdict_of(lead, datetime(2026, 12, 8, 10, tzinfo=UTC)) == (Verdict.DEFER, ["Outing"])
    assert verdict_of(lead, datetime(2026, 12, 3, 8, tzinfo=UTC)) == (Verdict.DEFER, ["National Day"])


@pytest.mark.usefixtures("inside")
def test_a_year_of_a_country_is_computed_once(make_lead: Callable[..., Lead], monkeypatch: pytest.MonkeyPatch) -> None:
    public_holidays._year.cache_clear()
    public_holidays._span.cache_clear()
    computed: list[tuple[str, int]] = []
    original = public_holidays.holidays.country_holidays

    def count(country: str, *, years: int, language: str) -> Any:
        computed.append((country, years))
        return original(country, years=years, language=language)

    monkeypatch.setattr(public_holidays.holidays, "country_holidays", count)
    leads = [make_lead(phone=EMIRATI, email=f"person{each}@people.example").pk for each in range(3)]
    for _again in range(3):
        assert len(decide(lead_ids=leads, channel=Channel.EMAIL, purpose=Purpose.OUTREACH, at=NATIONAL_DAY)) == 3
    # The horizon of 400 days reaches into three years at most.
    assert computed == [("AE", 2026), ("AE", 2027), ("AE", 2028)][: len(computed)]
    assert len(computed) >= 2


def test_staff_and_programs_choose_countries(admin_of: Any, owner: User, tenant: Tenant, api: Any) -> None:
    with platform_context(tenant_id=tenant.pk):
        row = ContactPolicyFactory.create(tenant=tenant)
    client, url = api(owner), f"/api/v1/contact-policies/{row.pk}/"
    chosen = {"public_holidays": "chosen", "holiday_countries": ["DE", "FR"]}
    answer = client.patch(url, chosen, format="json")
    assert (answer.status_code, answer.json()["holiday_countries"]) == (200, ["DE", "FR"])
    assert list(field_problems(client.patch(url, {"holiday_countries": ["XX"]}, format="json"))) == [
        "holiday_countries"
    ]
    browser: Client = admin_of(owner)
    shown = text(browser.get(f"/admin/leads/contactpolicy/{row.pk}/change/"))
    assert "Of chosen countries" in shown
    assert shown.count("(Germany)") + shown.count("(France)") >= 2
