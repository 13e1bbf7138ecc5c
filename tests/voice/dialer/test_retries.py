"""When somebody who was not reached is called again."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest

from lad.tenancy.context import platform_context, tenant_context
from leads.contactability.models import ALL_CHANNELS, Purpose, SuppressionReason
from leads.contactability.services import suppress
from leads.contacts.models import Lead
from tenants.teams.models import Tenant
from tests.factories.leads import ContactPolicyFactory, LeadBookingFactory, LeadFactory, LeadTouchFactory
from tests.factories.voice import (
    CallBatchEntryFactory,
    CallBatchFactory,
    CallLogFactory,
    CallPlacementFactory,
    DialingPolicyFactory,
)
from tests.voice.helpers import create
from voice.carriers.outcomes import Outcome
from voice.dialer.models import CallPlacement
from voice.dialer.retries import retry_at
from voice.statuses import BatchStatus

# A Monday at ten in Dubai, where the leads are.
NOW = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
EVENING = datetime(2026, 3, 2, 15, 30, tzinfo=UTC)
EIGHT_NEXT_DAY = datetime(2026, 3, 3, 4, 0, tzinfo=UTC)
NIGHT = datetime(2026, 3, 2, 20, 0, tzinfo=UTC)

pytestmark = pytest.mark.django_db


@pytest.fixture
def lead(tenant: Tenant) -> Lead:
    row: Lead = create(tenant, LeadFactory, phone="+971501234567", location="Dubai")
    return row


def placed(
    tenant: Tenant, lead: Lead | None, *, retry_count: int = 0, delays: Any = None, batch: Any = None, **values: Any
) -> CallPlacement:
    """Return the placement of a call of a batch that runs."""
    call = create(tenant, CallLogFactory, lead=lead)
    given = {"status": BatchStatus.RUNNING, "started_at": NOW, "total_calls": 1, **(batch or {})}
    row = create(tenant, CallBatchFactory, retry_delays=delays, **given)
    entry = create(tenant, CallBatchEntryFactory, batch=row, call_log=call, lead=lead, retry_count=retry_count)
    if lead is not None:
        values = {"to_phone": lead.phone, **values}
    made: CallPlacement = create(tenant, CallPlacementFactory, call_log=call, batch=row, entry=entry, **values)
    return made


def of_tenant(tenant: Tenant, factory: Any, **values: Any) -> None:
    """Create the row of which a tenant has one."""
    with platform_context(tenant_id=tenant.pk):
        factory.create(tenant=tenant, **values)


def asked(placement: CallPlacement, outcome: Outcome, now: datetime = NOW) -> datetime | None:
    with tenant_context(placement.tenant_id):
        return retry_at(placement, outcome, now=now)


BY_DEFAULT = [
    (Outcome.BUSY, 0, 10),
    (Outcome.BUSY, 1, 60),
    (Outcome.BUSY, 2, None),
    (Outcome.NO_ANSWER, 0, 120),
    (Outcome.NO_ANSWER, 1, 1_440),
    (Outcome.NO_ANSWER, 2, None),
    (Outcome.VOICEMAIL, 0, 1_440),
    (Outcome.VOICEMAIL, 1, None),
    (Outcome.CARRIER_FAILED, 0, 10),
    (Outcome.OVER_LIMIT, 1, 60),
    (Outcome.AGENT_FAILED, 0, 10),
    (Outcome.ANSWERED, 0, None),
    (Outcome.DECLINED, 0, None),
    (Outcome.CANCELLED, 0, None),
    (Outcome.WRONG_NUMBER, 0, None),
    (Outcome.REFUSED, 0, None),
    (Outcome.UNKNOWN, 0, None),
]


@pytest.mark.parametrize(("outcome", "retries", "minutes"), BY_DEFAULT)
def test_each_outcome_has_its_delays(
    tenant: Tenant, lead: Lead, outcome: Outcome, retries: int, minutes: int | None
) -> None:
    expected = None if minutes is None else NOW + timedelta(minutes=minutes)
    assert asked(placed(tenant, lead, retry_count=retries), outcome) == expected


# The last one reads the rules, the hours of the call's campaign, and in two round trips what is known of the person.
COSTS = [(Outcome.ANSWERED, 0), (Outcome.DECLINED, 0), (Outcome.WRONG_NUMBER, 0), (Outcome.BUSY, 4)]


@pytest.mark.parametrize(("outcome", "most"), COSTS)
def test_what_is_not_tried_again_costs_no_statement(
    tenant: Tenant, lead: Lead, outcome: Outcome, most: int, django_assert_max_num_queries: Any
) -> None:
    made = placed(tenant, lead)
    with tenant_context(tenant.pk):
        rows = CallPlacement.objects.select_related("call_log", "batch", "entry", "booking")
        placement = rows.get(pk=made.pk)
        with django_assert_max_num_queries(most):
            retry_at(placement, outcome, now=NOW)


def test_every_outcome_is_decided() -> None:
    assert {outcome for outcome, _retries, _minutes in BY_DEFAULT} == set(Outcome)


WHOSE_RULES: list[tuple[Any, Any, int | None]] = [
    # The batch's delays, the tenant's delays, the minutes before the next attempt.
    (None, None, 10),
    (None, {"busy": [30]}, 30),
    ({"busy": [45]}, {"busy": [30]}, 45),
    ({"busy": []}, {"busy": [30]}, None),
    ({}, {"busy": [30]}, None),
    (None, {}, None),
]


@pytest.mark.parametrize(("batch", "policy", "minutes"), WHOSE_RULES)
def test_the_batch_rules_then_the_tenant(tenant: Tenant, lead: Lead, batch: Any, policy: Any, minutes: Any) -> None:
    if policy is not None:
        of_tenant(tenant, DialingPolicyFactory, retry_delays=policy)
    expected = None if minutes is None else NOW + timedelta(minutes=minutes)
    assert asked(placed(tenant, lead, delays=batch), Outcome.BUSY) == expected


def test_an_attempt_that_would_be_at_night_waits_until_the_persons_morning(tenant: Tenant, lead: Lead) -> None:
    # 19:30 in Dubai, and contact ends at eight in the evening.
    assert asked(placed(tenant, lead), Outcome.NO_ANSWER, EVENING) == EIGHT_NEXT_DAY


def test_who_asked_to_be_called_at_night_is_called_again_by_day(tenant: Tenant, lead: Lead) -> None:
    called = placed(tenant, lead, purpose=Purpose.SERVICE)
    assert asked(called, Outcome.BUSY, NIGHT) == EIGHT_NEXT_DAY
    # Consent is not asked for: the person wanted the call.
    of_tenant(tenant, ContactPolicyFactory, consent_required=["voice"], contact_from=time(9))
    assert asked(called, Outcome.BUSY, NIGHT) == EIGHT_NEXT_DAY + timedelta(hours=1)


def test_the_number_that_was_called_says_what_time_it_is_there(tenant: Tenant, lead: Lead) -> None:
    # 15:30 in London, where contact begins at eight.
    called = placed(tenant, lead, to_phone="+442079460500")
    assert asked(called, Outcome.NO_ANSWER, EVENING) == EVENING + timedelta(hours=2)
    assert asked(called, Outcome.BUSY, NOW) == NOW.replace(hour=8)


def test_a_limit_of_contacts_moves_the_attempt(tenant: Tenant, lead: Lead) -> None:
    of_tenant(tenant, ContactPolicyFactory, max_per_day=1)
    called = placed(tenant, lead)
    create(tenant, LeadTouchFactory, lead=lead, channel="voice", occurred_at=NOW)
    found = asked(called, Outcome.BUSY)
    assert found is not None and found > NOW + timedelta(hours=12)


@pytest.mark.parametrize("channel", ["voice", ALL_CHANNELS])
@pytest.mark.parametrize("purpose", list(Purpose))
def test_nobody_is_called_again_who_asked_not_to_be(tenant: Tenant, lead: Lead, channel: str, purpose: str) -> None:
    called = placed(tenant, lead, purpose=purpose)
    with tenant_context(tenant.pk):
        suppress(lead=lead, channel=channel, reason=SuppressionReason.UNSUBSCRIBED)
    assert asked(called, Outcome.BUSY) is None


def test_a_number_that_is_listed_is_not_called_again_for_another_lead(tenant: Tenant, lead: Lead) -> None:
    called = placed(tenant, lead, to_phone="+971509999999")
    assert asked(called, Outcome.BUSY) is not None
    with tenant_context(tenant.pk):
        suppress(address="+971509999999", channel="voice", reason=SuppressionReason.UNSUBSCRIBED)
    assert asked(called, Outcome.BUSY) is None


OVER = [
    {"status": BatchStatus.CANCELLED, "finished_at": NOW},
    {"status": BatchStatus.STOPPED, "finished_at": NOW},
    {"status": BatchStatus.COMPLETED, "finished_at": NOW},
    {"deleted_at": NOW},
]


@pytest.mark.parametrize("batch", OVER)
def test_a_batch_that_is_over_has_no_further_attempts(tenant: Tenant, lead: Lead, batch: dict[str, Any]) -> None:
    assert asked(placed(tenant, lead, batch=batch), Outcome.BUSY) is None


def test_a_call_that_was_hung_up_is_not_made_again(tenant: Tenant, lead: Lead) -> None:
    assert asked(placed(tenant, lead, hang_up_asked_at=NOW), Outcome.CARRIER_FAILED) is None


@pytest.mark.parametrize("outcome", [Outcome.CARRIER_FAILED, Outcome.AGENT_FAILED, Outcome.OVER_LIMIT])
def test_who_answered_is_not_called_again_for_a_failure(tenant: Tenant, lead: Lead, outcome: Outcome) -> None:
    assert asked(placed(tenant, lead, answered=True), outcome) is None


def test_a_number_without_a_lead_is_called_again(tenant: Tenant) -> None:
    assert asked(placed(tenant, None), Outcome.BUSY) == NOW + timedelta(minutes=10)


def test_a_call_without_a_batch_counts_the_attempts_of_its_booking(tenant: Tenant, lead: Lead) -> None:
    of_tenant(tenant, DialingPolicyFactory, retry_delays={"busy": [10, 20, 30, 40]})
    booking = create(tenant, LeadBookingFactory, lead=lead)
    found = []
    for _number in range(4):
        call = create(tenant, CallLogFactory, lead=lead)
        made = create(tenant, CallPlacementFactory, call_log=call, booking=booking, to_phone=lead.phone)
        found.append(asked(made, Outcome.BUSY))
        booking = create(
            tenant, LeadBookingFactory, lead=lead, parent_booking=booking, retry_count=booking.retry_count + 1
        )
    # A booking is retried three times at most.
    assert found == [NOW + timedelta(minutes=10), NOW + timedelta(minutes=20), NOW + timedelta(minutes=30), None]
