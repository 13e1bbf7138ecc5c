"""Whether a lead may be contacted: every reason alone, and together with others."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from lad import writes
from lad.tenancy.context import tenant_context
from leads.channels import Channel
from leads.contactability.addresses import Kind, hashes
from leads.contactability.decisions import SENTENCES, ContactWindow, Decision, ReasonCode, Verdict
from leads.contactability.models import (
    ConsentRecord,
    ContactDirection,
    ContactPolicy,
    Holiday,
    Purpose,
    Suppression,
    SuppressionReason,
    SuppressionScope,
)
from leads.contactability.services import decide, stop_company, suppress
from leads.contacts.models import Lead
from leads.contacts.services import Touch, record_contacts, retract_contacts
from tenants.teams.models import Tenant
from tests.leads.contactability.conftest import NOON

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MIDNIGHT = datetime(2026, 6, 7, 21, tzinfo=UTC)  # 01:00 in Dubai

Given = Callable[[Lead], object]


def suppressed(channel: str = "all", **values: Any) -> Given:
    def given(lead: Lead) -> None:
        suppress(**{"lead": lead, "channel": channel, "reason": SuppressionReason.MANUAL, **values})

    return given


def company_suppressed(**values: Any) -> Given:
    return suppressed(**{"scope": SuppressionScope.DOMAIN, **values})


def provider_listed(lead: Lead) -> None:
    [address_hash] = hashes(lead.tenant_id, Kind.DOMAIN, "gmail.com")
    Suppression.objects.create(scope=SuppressionScope.DOMAIN, address="gmail.com", address_hash=address_hash)


def stopped(days: int) -> Given:
    def given(lead: Lead) -> None:
        assert stop_company(lead=lead, days=days, now=NOON) is not None

    return given


def consent(status: str, given_at: datetime = NOON - DAY, channel: str = "email") -> Given:
    def given(lead: Lead) -> None:
        writes.create(
            ConsentRecord,
            {"lead": lead, "channel": channel, "status": status, "given_at": given_at, "source": "Form"},
        )

    return given


def policy(**values: Any) -> Given:
    return lambda lead: writes.create(ContactPolicy, values)


def holiday(day: date, country: str = "") -> Given:
    return lambda lead: writes.create(Holiday, {"day": day, "name": "Feast", "country": country})


def touched(*hours_ago: float, channel: str = "email", **values: Any) -> Given:
    def given(lead: Lead) -> None:
        record_contacts(
            [
                Touch(
                    **{
                        "lead_id": lead.pk,
                        "channel": channel,
                        "direction": ContactDirection.OUTBOUND,
                        "at": NOON - HOUR * each,
                        "source_id": uuid4(),
                        **values,
                    }
                )
                for each in hours_ago
            ]
        )

    return given


def archived(lead: Lead) -> None:
    writes.update(lead, {"is_archived": True})


def deleted(lead: Lead) -> None:
    writes.delete(lead)


@dataclass(frozen=True)
class Case:
    """What is given, and the answer. ``until`` counts from NOON."""

    name: str
    given: tuple[Given, ...] = ()
    codes: tuple[str, ...] = ()
    until: timedelta | None = None
    lead: Mapping[str, Any] = field(default_factory=dict)
    at: datetime = NOON
    channel: Channel = Channel.EMAIL
    purpose: Purpose = Purpose.OUTREACH
    window: ContactWindow | None = None

    @property
    def verdict(self) -> Verdict:
        if not self.codes:
            return Verdict.ALLOW
        return Verdict.REFUSE if self.until is None else Verdict.DEFER


OFFICE = ContactWindow(time(9), time(17), frozenset(range(5)), skips_holidays=True)
EIGHT = MIDNIGHT + 7 * HOUR - NOON
SERVICE = Purpose.SERVICE
NO_NUMBER = {"phone": "", "country_code": "", "base_number": None}

CASES = [
    Case("nothing stands in the way"),
    # Refusals
    Case("a deleted lead", (deleted,), ("lead_missing",)),
    Case("an archived lead", (archived,), ("lead_archived",)),
    Case("no e-mail address", (), ("no_address",), lead={"email": ""}),
    Case("no number", (), ("no_address",), lead=NO_NUMBER, channel=Channel.SMS),
    Case("no profile", (), ("no_address",), channel=Channel.WEB),
    Case("listed on all channels", (suppressed(),), ("suppressed",)),
    Case("listed on this channel", (suppressed("email"),), ("suppressed",)),
    Case("listed on another channel", (suppressed("voice"),)),
    Case("the number is listed on all channels", (suppressed(lead=None, address="+971501112233"),), ("suppressed",)),
    Case(
        "the address is listed in other letters", (suppressed(lead=None, address="MAYA@acme.example"),), ("suppressed",)
    ),
    Case("listed in the past", (suppressed(expires_at=NOON - HOUR),)),
    Case("the company is listed", (company_suppressed(),), ("company_suppressed",)),
    Case(
        "the company is listed by name",
        (company_suppressed(lead=None, address="acme.example"),),
        ("company_suppressed",),
    ),
    Case(
        "the company is known by the e-mail address only",
        (company_suppressed(lead=None, address="acme.example"),),
        ("company_suppressed",),
        lead={"company_domain": "", "email": "maya@eu.acme.example"},
    ),
    Case(
        "a listing of a provider of mail, however it came about",
        (provider_listed,),
        lead={"company_domain": "gmail.com", "email": "maya@gmail.com"},
    ),
    Case("consent is withdrawn", (consent("withdrawn"),), ("consent_withdrawn",)),
    Case("consent is withdrawn for another channel", (consent("withdrawn", channel="voice"),)),
    Case("consent is given again", (consent("withdrawn", NOON - 2 * DAY), consent("given"))),
    Case(
        "an older consent comes late", (consent("withdrawn"), consent("given", NOON - 2 * DAY)), ("consent_withdrawn",)
    ),
    Case("consent is required", (policy(consent_required=["email"]),), ("consent_missing",)),
    Case("consent is required and there", (policy(consent_required=["email"]), consent("given"))),
    Case("consent is required elsewhere", (policy(consent_required=["voice"]),)),
    Case(
        "all refusals together hide what would only defer",
        (archived, suppressed(), company_suppressed(), consent("withdrawn"), touched(1, 2, 3)),
        ("lead_archived", "no_address", "suppressed", "company_suppressed", "consent_withdrawn"),
        lead={"email": ""},
        at=MIDNIGHT,
    ),
    # Deferrals
    Case("at night", (), ("quiet_hours",), EIGHT, at=MIDNIGHT),
    Case("after hours", (policy(contact_from=time(9), contact_until=time(12)),), ("quiet_hours",), 21 * HOUR),
    Case("a day without outreach", (policy(contact_days=["wednesday"]),), ("closed_day",), 2 * DAY - 4 * HOUR),
    Case("a holiday", (holiday(date(2026, 6, 8)),), ("holiday",), 20 * HOUR),
    Case("a holiday of the lead's country", (holiday(date(2026, 6, 8), "AE"),), ("holiday",), 20 * HOUR),
    Case("a holiday elsewhere", (holiday(date(2026, 6, 8), "DE"),)),
    Case("holidays do not count", (holiday(date(2026, 6, 8)), policy(skips_holidays=False))),
    Case(
        "the campaign keeps holidays when the policy does not",
        (holiday(date(2026, 6, 8)), policy(skips_holidays=False)),
        ("holiday",),
        21 * HOUR,
        window=OFFICE,
    ),
    Case("the campaign's hours", (), ("outside_window",), 21 * HOUR, at=NOON + 6 * HOUR, window=OFFICE),
    Case("inside the campaign's hours", window=OFFICE),
    Case(
        "the campaign's hours in a zone of its own",
        (),
        ("outside_window",),
        5 * HOUR,
        window=replace(OFFICE, zone="America/New_York"),
    ),
    Case(
        "the campaign's hours where the tenant is", window=replace(OFFICE, zone="tenant"), lead={"phone": "+4930123456"}
    ),
    Case(
        "the same hours where the lead is",
        (),
        ("outside_window",),
        5 * HOUR,
        lead={"phone": "+4930123456"},
        window=ContactWindow(time(15), time(17)),
    ),
    Case(
        "policy and campaign together",
        (policy(contact_from=time(14), contact_until=time(20)),),
        ("quiet_hours", "outside_window"),
        27 * HOUR,
        at=NOON,
        window=ContactWindow(time(15), time(16), frozenset([1])),
    ),
    Case("three in a day", (touched(1, 2, 3),), ("daily_limit", "quiet_hours"), 20 * HOUR),
    Case("two in a day", (touched(1, 2),)),
    Case("three of another day", (touched(13, 14, 15),)),
    Case("answers to the lead do not count", (touched(1, 2, 3, purpose=SERVICE),)),
    Case("what the lead wrote does not count", (touched(1, 2, 3, direction=ContactDirection.INBOUND),)),
    Case(
        "seven in seven days",
        (touched(24, 48, 72, 96, 120, 144, 166),),
        ("weekly_limit",),
        2 * HOUR,
    ),
    Case("seven in more than seven days", (touched(24, 48, 72, 96, 120, 144, 168),)),
    Case(
        "the weekly limit frees at night",
        (touched(24, 48, 72, 96, 120, 144, 158),),
        ("weekly_limit", "quiet_hours"),
        20 * HOUR,
    ),
    Case(
        "a limit of the channel",
        (policy(caps={"email": {"per_day": 1}}), touched(1)),
        ("channel_daily_limit", "quiet_hours"),
        20 * HOUR,
    ),
    Case("a limit of another channel", (policy(caps={"voice": {"per_day": 1}}), touched(1))),
    Case("a limit that another channel used up", (policy(caps={"email": {"per_day": 1}}), touched(1, channel="voice"))),
    Case(
        "a weekly limit of the channel",
        (policy(caps={"email": {"per_week": 2}}), touched(30, 50)),
        ("channel_weekly_limit",),
        7 * DAY - 50 * HOUR,
    ),
    Case("no limit", (policy(max_per_day=0, max_per_week=0), touched(*range(1, 9)))),
    Case("listed for now", (suppressed(expires_at=NOON + 2 * HOUR),), ("suppressed_for_now",), 2 * HOUR),
    Case("a colleague answered", (stopped(2),), ("company_stopped",), 2 * DAY),
    Case(
        "all limits together",
        (
            stopped(1),
            touched(1, 2, 3),
            holiday(date(2026, 6, 9)),
            policy(contact_days=["monday", "tuesday"], caps={"email": {"per_week": 3}}, public_holidays="none"),
        ),
        ("company_stopped", "holiday", "channel_weekly_limit"),
        7 * DAY - 3 * HOUR,
    ),
    Case(
        "no open time",
        (),
        ("no_open_time", "outside_window"),
        DAY,
        window=ContactWindow(time(21), time(23)),
    ),
    Case("no open day", (), ("no_open_time", "outside_window"), DAY, window=ContactWindow(days=frozenset())),
    # Answers to the lead
    Case("an answer at night", at=MIDNIGHT, purpose=SERVICE),
    Case("an answer above the limit", (touched(1, 2, 3),), purpose=SERVICE),
    Case("an answer without consent", (policy(consent_required=["email"]),), purpose=SERVICE),
    Case("an answer after consent was withdrawn", (consent("withdrawn"),), purpose=SERVICE),
    Case("an answer to somebody who is listed", (suppressed(),), ("suppressed",), purpose=SERVICE),
    Case("an answer to a company that is listed", (company_suppressed(),), ("company_suppressed",), purpose=SERVICE),
    Case(
        "an answer to somebody who is listed for now",
        (suppressed(expires_at=NOON + HOUR),),
        ("suppressed_for_now",),
        HOUR,
        purpose=SERVICE,
    ),
    Case("an answer to the one who answered", (stopped(2),), purpose=SERVICE),
    Case("an answer without an address", (), ("no_address",), lead={"email": ""}, purpose=SERVICE),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
@pytest.mark.usefixtures("inside")
def test_the_decision(make_lead: Callable[..., Lead], case: Case) -> None:
    person = {"email": "maya@acme.example", "phone": "+971501112233", "company_domain": "acme.example", "location": ""}
    lead = make_lead(**{**person, **case.lead})
    for given in case.given:
        given(lead)
    found = decide(lead_ids=[lead.pk], channel=case.channel, purpose=case.purpose, at=case.at, windows=case.window)
    decision = found[lead.pk]
    codes = tuple(each.code for each in decision.reasons)
    until = decision.until - NOON if decision.until else None
    assert (decision.verdict, codes, until) == (case.verdict, case.codes, case.until), decision.sentence()
    assert Decision.from_json(decision.as_json()) == decision
    assert "{" not in decision.sentence()


def test_every_reason_has_a_sentence_and_a_case() -> None:
    assert set(SENTENCES) == set(ReasonCode)
    assert {code for case in CASES for code in case.codes} == set(ReasonCode)


@pytest.mark.parametrize("reason", [SuppressionReason.BOUNCED, SuppressionReason.UNSUBSCRIBED])
@pytest.mark.usefixtures("inside")
def test_a_new_address_helps_after_a_bounce_and_not_after_an_unsubscription(lead: Lead, reason: str) -> None:
    suppress(lead=lead, channel=Channel.EMAIL, reason=reason)
    writes.update(lead, {"email": "other@elsewhere.example"})
    found = decide(lead_ids=[lead.pk], channel=Channel.EMAIL, purpose=Purpose.OUTREACH, at=NOON)
    bounced = reason == SuppressionReason.BOUNCED
    assert found[lead.pk].verdict == (Verdict.ALLOW if bounced else Verdict.REFUSE)


@pytest.mark.usefixtures("inside")
def test_a_lead_without_an_address_is_listed_before_it_gets_one(make_lead: Callable[..., Lead]) -> None:
    lead = make_lead(linkedin_url="")
    suppress(lead=lead, channel=Channel.LINKEDIN, reason=SuppressionReason.MANUAL)
    writes.update(lead, {"linkedin_url": "https://www.linkedin.com/in/maya"})
    found = decide(lead_ids=[lead.pk], channel=Channel.LINKEDIN, purpose=Purpose.OUTREACH, at=NOON)
    assert [each.code for each in found[lead.pk].reasons] == [ReasonCode.SUPPRESSED]


@pytest.mark.usefixtures("inside")
def test_the_touch_of_the_message_itself_is_ignored_and_a_retracted_one_is_gone(lead: Lead) -> None:
    writes.create(ContactPolicy, {"caps": {"email": {"per_day": 1}}})
    source = uuid4()
    record_contacts([Touch(lead.pk, "email", ContactDirection.OUTBOUND, NOON - HOUR, source)])

    def verdict(ignoring: tuple[UUID, ...] = ()) -> Verdict:
        asked = {"channel": Channel.EMAIL, "purpose": Purpose.OUTREACH, "at": NOON, "ignoring": ignoring}
        return decide(lead_ids=[lead.pk], **asked)[lead.pk].verdict  # type: ignore[arg-type]

    assert (verdict(), verdict((source,))) == (Verdict.DEFER, Verdict.ALLOW)
    assert retract_contacts([source]) == 1
    assert verdict() == Verdict.ALLOW


@pytest.mark.usefixtures("inside")
def test_a_lead_in_several_zones_is_contacted_when_it_is_day_in_all(make_lead: Callable[..., Lead]) -> None:
    lead = make_lead(phone="+79161234567", country_code="+7", base_number=9161234567, location="")
    found = decide(lead_ids=[lead.pk], channel=Channel.VOICE, purpose=Purpose.OUTREACH, at=NOON)[lead.pk]
    assert found.until is not None
    hours = {zone: found.until.astimezone(zone).hour for zone in map(ZoneInfo, ("Europe/Samara", "Asia/Kamchatka"))}
    assert all(8 <= hour < 20 for hour in hours.values()), hours
    placed = make_lead(phone="+79161234568", country_code="+7", base_number=9161234568, location="Moscow, Russia")
    found = decide(lead_ids=[placed.pk], channel=Channel.VOICE, purpose=Purpose.OUTREACH, at=NOON)[placed.pk]
    assert found.verdict == Verdict.ALLOW


def test_two_round_trips_answer_for_any_number_of_leads_of_the_own_tenant(
    tenant: Tenant, make_lead: Callable[..., Lead], other_tenant: Tenant
) -> None:
    leads = [make_lead() for _each in range(12)]
    windows = {leads[0].pk: ContactWindow(time(13), time(14))}
    asked: dict[str, Any] = {"channel": Channel.EMAIL, "purpose": Purpose.OUTREACH, "at": NOON, "windows": windows}
    ids = [lead.pk for lead in leads]
    for lock in (False, True):
        with tenant_context(tenant.pk), CaptureQueriesContext(connection) as captured:
            found = decide(lead_ids=[*ids, ids[0]], lock=lock, **asked)
        assert len(captured) == 2
        assert list(found) == ids
        assert [each.verdict for each in found.values()] == [Verdict.DEFER, *[Verdict.ALLOW] * 11]
    with tenant_context(other_tenant.pk):
        found = decide(lead_ids=ids, **asked)
        assert {code.code for each in found.values() for code in each.reasons} == {ReasonCode.LEAD_MISSING}
        assert decide(lead_ids=[], **asked) == {}
