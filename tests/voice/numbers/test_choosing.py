"""Which number makes a call."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from lad.tenancy.context import platform_context, tenant_context
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.factories.tenants import MemberFactory
from tests.factories.voice import (
    CallLogFactory,
    CallPlacementFactory,
    CarrierAccountFactory,
    NumberDayFactory,
    VoiceFactory,
    VoiceNumberFactory,
    VoicePermissionFactory,
)
from tests.support.events import events
from tests.voice.helpers import create
from voice.dialer.models import PlacementState
from voice.numbers.choosing import NoNumber, Wanted, choose, give_back
from voice.numbers.models import NumberDay, NumberStatus, VoiceNumber

# It is Tuesday in Dubai already.
NOW = datetime(2026, 3, 2, 21, 0, tzinfo=UTC)
TODAY = date(2026, 3, 3)
MIDNIGHT = datetime(2026, 3, 3, 20, 0, tzinfo=UTC)
LONDON, NEW_YORK, CHICAGO, DUBAI = "+442079460500", "+12125550123", "+13125550123", "+971501234567"


@pytest.fixture
def tenant(tenant: Tenant) -> Tenant:
    """A tenant in Dubai."""
    with platform_context():
        tenant.timezone = "Asia/Dubai"
        tenant.save(update_fields=["timezone"])
    return tenant


@pytest.fixture
def account(tenant: Tenant) -> Any:
    return create(tenant, CarrierAccountFactory)


@pytest.fixture
def add(tenant: Tenant, account: Any) -> Any:
    """Return ``add("+12125550100", …)``, which adds a number that can call."""

    def _add(phone: str, **values: Any) -> VoiceNumber:
        code = next(code for code in ("+1", "+44", "+971", "+91") if phone.startswith(code))
        filled = {"carrier_account": account, "carrier_reference": "trunk", "leading_zeros": 0, **values}
        number: VoiceNumber = create(
            tenant, VoiceNumberFactory, country_code=code, base_number=int(phone.removeprefix(code)), **filled
        )
        return number

    return _add


def to(phone: str, **values: Any) -> Wanted:
    return Wanted(key=uuid4(), to_phone=phone, **{"user_id": None, **values})


def chosen(tenant: Tenant, *calls: Wanted, **options: Any) -> list[str]:
    """Return what each call gets: a number, or why it gets none."""
    with tenant_context(tenant.pk):
        found = choose(calls, now=options.pop("now", NOW), **options)
    assert found.keys() == {call.key for call in calls}
    answers = [found[call.key] for call in calls]
    return [each.reason if isinstance(each, NoNumber) else str(each) for each in answers]


def refusal(tenant: Tenant, call: Wanted, **options: Any) -> NoNumber:
    with tenant_context(tenant.pk):
        found = choose([call], now=NOW, **options)[call.key]
    assert isinstance(found, NoNumber)
    assert found.detail.endswith(".")
    return found


def placed(tenant: Tenant, number: VoiceNumber) -> dict[date, int]:
    with tenant_context(tenant.pk):
        return dict(NumberDay.objects.filter(number=number).values_list("day", "placed"))


def test_a_person_is_called_from_near_by(tenant: Tenant, add: Any) -> None:
    numbers = [add(phone) for phone in ("+442079460001", "+12125550100", "+13125550100", "+971501230000")]
    calls = [to(phone) for phone in (CHICAGO, NEW_YORK, LONDON, DUBAI, "+16465550123", "+33142685300")]
    london, new_york, chicago, dubai = map(str, numbers)
    answers = chosen(tenant, *calls)
    assert answers[:4] == [chicago, new_york, london, dubai]
    # The country, if no number is of the area; any number, if none is of the country.
    assert answers[4] in (new_york, chicago)
    assert answers[5] in (london, new_york, chicago, dubai)


def test_numbers_take_turns_by_what_they_have_used_of_their_day(tenant: Tenant, add: Any) -> None:
    large, small = add("+442079460001", daily_cap=20), add("+442079460002", daily_cap=10)
    answers = Counter(chosen(tenant, *[to(LONDON) for _ in range(15)]))
    assert answers == {str(large): 10, str(small): 5}
    # A claim goes on where the last one ended.
    answers += Counter(chosen(tenant, *[to(LONDON) for _ in range(16)]))
    assert answers == {str(large): 20, str(small): 10, "daily_cap": 1}
    assert placed(tenant, large) == {TODAY: 20}
    assert placed(tenant, small) == {TODAY: 10}


def test_a_number_that_has_made_its_calls_waits_for_the_tenants_next_day(tenant: Tenant, add: Any) -> None:
    number = add("+442079460001", daily_cap=1)
    assert chosen(tenant, to(LONDON)) == [str(number)]
    found = refusal(tenant, to(LONDON))
    assert (found.reason, found.until) == ("daily_cap", MIDNIGHT)
    assert chosen(tenant, to(LONDON), now=MIDNIGHT) == [str(number)]
    assert placed(tenant, number) == {TODAY: 1, TODAY + timedelta(days=1): 1}


def test_a_call_that_was_not_placed_is_given_back(tenant: Tenant, add: Any) -> None:
    number = add("+442079460001", daily_cap=2)
    chosen(tenant, to(LONDON), to(LONDON))
    with tenant_context(tenant.pk):
        give_back({number.pk: 1}, at=NOW)
    assert chosen(tenant, to(LONDON), to(LONDON)) == [str(number), "daily_cap"]
    with tenant_context(tenant.pk):
        give_back({number.pk: 5}, at=NOW)
    assert placed(tenant, number) == {TODAY: 0}


def test_the_number_of_the_batch_is_the_one_that_calls(tenant: Tenant, add: Any) -> None:
    add("+442079460001")
    mine, gone = add("+12125550100"), add("+12125550101", status=NumberStatus.INACTIVE)
    assert chosen(tenant, to(LONDON, number_id=mine.pk)) == [str(mine)]
    found = refusal(tenant, to(LONDON, number_id=gone.pk))
    assert (found.reason, found.until) == ("no_number", None)


def test_a_tenant_without_a_number_is_told(tenant: Tenant, other_tenant: Tenant) -> None:
    create(other_tenant, VoiceNumberFactory)
    assert refusal(tenant, to(LONDON)) == NoNumber(
        "no_number", "No number is there to call from. Add one, or activate one."
    )


@pytest.mark.parametrize(
    ("rules", "phone", "reason"),
    [
        ({"outbound": False}, LONDON, "outbound_off"),
        ({"allowed_outbound": "uae"}, LONDON, "destination"),
        ({"allowed_outbound": ["india", "uae"]}, DUBAI, None),
        ({"allowed_outbound": "global"}, LONDON, None),
        ({"allowed_outbound": "atlantis"}, LONDON, "destination"),
        # The United States do not allow Canada, whose numbers begin with +1 too.
        ({"allowed_outbound": "us"}, "+14165550123", "destination"),
    ],
)
def test_a_number_calls_where_its_rules_allow(
    tenant: Tenant, add: Any, rules: dict[str, Any], phone: str, reason: str | None
) -> None:
    number = add("+442079460001", metadata={"rules": rules})
    assert chosen(tenant, to(phone)) == [reason or str(number)]
    assert placed(tenant, number) == ({} if reason else {TODAY: 1})


def test_a_number_with_permissions_calls_for_its_users_and_the_admins(
    tenant: Tenant, owner: User, member: User, add: Any
) -> None:
    colleague = create(tenant, MemberFactory)
    number = add("+442079460001")
    create(tenant, VoicePermissionFactory, number=number, user=member)
    create(tenant, VoicePermissionFactory, number=number, user=colleague, is_active=False)
    calls = [to(LONDON, user_id=user) for user in (member.pk, owner.pk, None, colleague.pk)]
    assert chosen(tenant, *calls) == [*[str(number)] * 3, "not_permitted"]
    # Another number that anybody may use takes the call.
    free = add("+12125550100")
    assert chosen(tenant, to(LONDON, user_id=colleague.pk)) == [str(free)]


def test_a_permission_for_a_number_and_a_voice_allows_them_together(tenant: Tenant, member: User, add: Any) -> None:
    number = add("+442079460001")
    voice, another = create(tenant, VoiceFactory), create(tenant, VoiceFactory)
    create(tenant, VoicePermissionFactory, number=number, voice=voice, user=member)
    calls = [to(LONDON, user_id=member.pk, voice_id=each) for each in (voice.pk, another.pk, None)]
    assert chosen(tenant, *calls) == [str(number), "not_permitted", str(number)]


@pytest.mark.parametrize(
    ("number", "account", "reason", "until"),
    [
        ({"resting_until": NOW + timedelta(hours=5), "rest_reason": "Many asked."}, {}, "resting", timedelta(hours=5)),
        ({"resting_until": NOW}, {}, None, None),
        ({}, {"paused_until": NOW + timedelta(minutes=5)}, "account_paused", timedelta(minutes=5)),
        ({}, {"paused_until": NOW - timedelta(minutes=5)}, None, None),
        ({}, {"is_active": False}, "no_carrier", None),
        ({}, {"secret": ""}, "no_carrier", None),
        ({"carrier_reference": ""}, {}, "no_carrier", None),
        ({"carrier_account": None}, {}, "no_carrier", None),
        ({"daily_cap": 0}, {}, "daily_cap", None),
    ],
)
def test_a_number_that_cannot_call_says_until_when(
    tenant: Tenant,
    add: Any,
    number: dict[str, Any],
    account: dict[str, Any],
    reason: str | None,
    until: timedelta | None,
) -> None:
    row = add("+442079460001", **{"carrier_account": create(tenant, CarrierAccountFactory, **account), **number})
    if reason is None:
        assert chosen(tenant, to(LONDON)) == [str(row)]
    else:
        found = refusal(tenant, to(LONDON))
        assert (found.reason, found.until) == (reason, NOW + until if until else None)


def test_of_several_that_wait_the_first_to_be_free_decides(tenant: Tenant, add: Any) -> None:
    add("+442079460001", resting_until=NOW + timedelta(days=2))
    add("+442079460002", metadata={"rules": {"outbound": False}})
    create(tenant, NumberDayFactory, number=add("+442079460003", daily_cap=7), day=TODAY, placed=7)
    found = refusal(tenant, to(LONDON))
    assert (found.reason, found.until) == ("daily_cap", MIDNIGHT)


def test_calls_at_once_are_limited_by_number_and_by_account(tenant: Tenant, add: Any, account: Any) -> None:
    number = add("+442079460001", max_concurrent=3)
    for state in (PlacementState.PLACED, PlacementState.SETTLED, PlacementState.QUEUED):
        call = create(tenant, CallLogFactory, from_number=number)
        create(tenant, CallPlacementFactory, call_log=call, number=number, state=state)
    assert chosen(tenant, *[to(LONDON) for _ in range(3)]) == [str(number), str(number), "number_busy"]
    free = add("+442079460002")
    assert chosen(tenant, to(LONDON), account_room={account.pk: 0}) == ["account_busy"]
    elsewhere = add("+12125550100", carrier_account=create(tenant, CarrierAccountFactory))
    answers = chosen(tenant, *[to(LONDON) for _ in range(3)], account_room={account.pk: 2})
    assert sorted(answers) == sorted([str(free), str(free), str(elsewhere)])


def test_a_number_whose_last_days_are_bad_is_let_rest_and_another_calls(tenant: Tenant, add: Any) -> None:
    worn, watched, healthy = (add(phone) for phone in ("+442079460001", "+442079460002", "+441212345678"))
    create(tenant, NumberDayFactory, number=worn, day=TODAY, placed=90, answered=2, unanswered=70, voicemails=8)
    create(tenant, NumberDayFactory, number=watched, day=TODAY, placed=30, answered=2, unanswered=28)
    create(tenant, NumberDayFactory, number=healthy, day=TODAY, placed=60, answered=20, unanswered=40)
    # It is farther away and has called more, but it is healthy.
    assert chosen(tenant, to(LONDON)) == [str(healthy)]
    with tenant_context(tenant.pk):
        rested = VoiceNumber.objects.get(pk=worn.pk)
    # The rest of today and three whole days.
    assert rested.resting_until == MIDNIGHT + timedelta(days=3)
    assert rested.rest_reason == "Only 2 of 80 calls were answered by a person."
    assert len(events("voice.number.rested", tenant.pk)) == 1
    assert refusal(tenant, to(LONDON, number_id=worn.pk)).until == rested.resting_until
    assert len(events("voice.number.rested", tenant.pk)) == 1
    # After its rest, what was before counts no more.
    assert chosen(tenant, to(LONDON, number_id=worn.pk), now=rested.resting_until) == [str(worn)]


def test_the_days_of_another_tenant_and_the_older_ones_do_not_count(tenant: Tenant, add: Any) -> None:
    number = add("+442079460001")
    bad = {"placed": 90, "answered": 0, "unanswered": 90}
    create(tenant, NumberDayFactory, number=number, day=TODAY - timedelta(days=7), **bad)
    assert chosen(tenant, to(LONDON)) == [str(number)]
    create(tenant, NumberDayFactory, number=number, day=TODAY - timedelta(days=6), **bad)
    assert chosen(tenant, to(LONDON)) == ["resting"]
