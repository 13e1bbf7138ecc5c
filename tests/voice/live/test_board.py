"""The board of calls: what it counts, what it shows, and who may see it."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from lad.broker import broker
from lad.streams.channels import topic
from lad.tenancy.context import platform_context
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.factories.leads import LeadFactory
from tests.factories.tenants import MembershipFactory, TenantFactory, TenantRoleFactory
from tests.factories.voice import (
    CallBatchFactory,
    CallLogFactory,
    CallPlacementFactory,
    DialingPolicyFactory,
    NumberDayFactory,
    VoiceAgentFactory,
    VoiceNumberFactory,
)
from tests.voice.helpers import create
from voice.calls.services import record_call_status
from voice.dialer.models import PlacementState
from voice.live.board import board
from voice.statuses import BatchStatus, CallStatus, Direction

ADDRESS = "/api/v1/live-calls/"


@pytest.fixture
def read(api: Callable[..., Any], owner: User) -> Callable[[], Any]:
    def get() -> Any:
        response = api(owner).get(ADDRESS)
        assert response.status_code == 200, response.content
        return response.json()

    return get


def placed(tenant: Tenant, status: CallStatus, state: PlacementState = PlacementState.PLACED, **values: Any) -> Any:
    """Create a call in a status with its placement."""
    now = timezone.now()
    times = {"started_at": now - timedelta(seconds=90)} if status == CallStatus.ONGOING else {}
    call = create(tenant, CallLogFactory, status=status, **times, **values.pop("call", {}))
    return create(tenant, CallPlacementFactory, call_log=call, state=state, asked_at=now, **values)


@pytest.mark.parametrize(
    ("status", "state", "values", "shown"),
    [
        (CallStatus.PENDING, PlacementState.PLACING, {}, "dialling"),
        (CallStatus.PENDING, PlacementState.PLACED, {}, "dialling"),
        (CallStatus.RINGING, PlacementState.PLACED, {}, "ringing"),
        (CallStatus.ONGOING, PlacementState.PLACED, {}, "talking"),
        (CallStatus.PENDING, PlacementState.UNKNOWN, {}, "unknown"),
        (CallStatus.ONGOING, PlacementState.PLACED, {"hang_up_asked_at": timezone.now()}, "hanging_up"),
        (CallStatus.ENDED, PlacementState.SETTLED, {}, None),
        (CallStatus.PENDING, PlacementState.QUEUED, {}, None),
    ],
)
def test_a_call_is_shown_with_what_it_is_doing(
    tenant: Tenant, read: Callable[[], Any], status: str, state: PlacementState, values: Any, shown: str | None
) -> None:
    call = {"ended_at": timezone.now()} if status == CallStatus.ENDED else {}
    placement = placed(tenant, CallStatus(status), state, call=call, **values)
    found = read()
    expected = [] if shown is None else [(str(placement.call_log_id), shown)]
    assert [(each["call"], each["state"]) for each in found["calls"]] == expected
    assert sum(found["counts"].values()) == len(expected)
    assert found["waiting"] == (1 if state == PlacementState.QUEUED else 0)


def test_room_counts_both_directions_and_keeps_the_reserve(tenant: Tenant, read: Callable[[], Any]) -> None:
    with platform_context(tenant_id=tenant.pk):
        DialingPolicyFactory.create(tenant=tenant, max_concurrent=6, inbound_reserve=2)
    for _call in range(3):
        placed(tenant, CallStatus.RINGING)
    assert read()["room"] == {"limit": 6, "reserve": 2, "outbound": 3, "inbound": 0, "free": 1}
    inbound = {"direction": Direction.INBOUND, "status": CallStatus.ONGOING}
    create(tenant, CallLogFactory, **inbound)
    # What an inbound call uses comes out of the reserve.
    assert read()["room"] == {"limit": 6, "reserve": 2, "outbound": 3, "inbound": 1, "free": 1}
    stale = create(tenant, CallLogFactory, **inbound)
    with platform_context(tenant_id=tenant.pk):
        type(stale).objects.filter(pk=stale.pk).update(created_at=timezone.now() - timedelta(hours=9))
    assert read()["room"]["inbound"] == 1


def test_use_is_shown_by_agent_and_number(tenant: Tenant, read: Callable[[], Any]) -> None:
    agent = create(tenant, VoiceAgentFactory, name="Amelia", max_concurrent=4)
    number = create(tenant, VoiceNumberFactory)
    for _call in range(2):
        placed(tenant, CallStatus.RINGING, agent=agent, number=number)
    uses = {each["kind"]: (each["name"], each["calls"], each["limit"]) for each in read()["uses"]}
    assert uses == {"agent": ("Amelia", 2, 4), "number": (number.phone.international, 2, None)}


def test_batches_wait_and_obstacles_say_why(tenant: Tenant, read: Callable[[], Any]) -> None:
    counters = {"total_calls": 20, "completed_calls": 4, "failed_calls": 3, "started_at": timezone.now()}
    batch = create(tenant, CallBatchFactory, name="Spring", status=BatchStatus.RUNNING, **counters)
    paused = {"paused_at": timezone.now(), "pause_reason": "Half of the calls failed."}
    create(tenant, CallBatchFactory, name="Paused", status=BatchStatus.RUNNING, **counters, **paused)
    placed(tenant, CallStatus.RINGING, batch=batch)
    create(tenant, VoiceNumberFactory, resting_until=timezone.now() + timedelta(hours=2), rest_reason="Many hung up.")
    found = read()
    shown = {each["name"]: (each["calling"], each["waiting"], each["pause_reason"]) for each in found["batches"]}
    assert shown == {"Spring": (1, 12, ""), "Paused": (0, 13, "Half of the calls failed.")}
    assert found["waiting"] == 12
    assert [each["reason"] for each in found["obstacles"]] == ["Many hung up."]


def test_today_is_the_tenants_day(tenant: Tenant) -> None:
    with platform_context():
        Tenant.objects.filter(pk=tenant.pk).update(timezone="Pacific/Auckland")
    now = timezone.now().replace(month=3, day=2, hour=20)
    for days, answered in ((0, 100), (1, 7)):
        create(tenant, NumberDayFactory, day=now.date() + timedelta(days=days), placed=200, answered=answered)
    with platform_context(tenant_id=tenant.pk):
        found = board(tenant.pk, now=now)
    assert (found.today["answered"], found.answer_rate) == (7, 7 / 200)


def test_the_board_of_a_tenant_shows_nobody_elses_calls(tenant: Tenant, read: Callable[[], Any]) -> None:
    with platform_context():
        other = TenantFactory.create()
    placed(other, CallStatus.RINGING)
    create(other, CallBatchFactory, status=BatchStatus.QUEUED, total_calls=5)
    found = read()
    assert (found["calls"], found["batches"], found["waiting"], found["room"]["outbound"]) == ([], [], 0, 0)


def test_the_page_and_its_part_show_who_is_called(tenant: Tenant, admin_of: Callable[..., Client], owner: User) -> None:
    lead = create(tenant, LeadFactory, first_name="Ada", last_name="Rings")
    placed(tenant, CallStatus.RINGING, call={"lead": lead})
    browser = admin_of(owner)
    page = browser.get("/admin/live-calls/").content.decode()
    part = browser.get("/admin/live-calls/", {"part": "board"}).content.decode()
    assert "Ada Rings" in page and "<html" in page
    assert "Ada Rings" in part and "<html" not in part
    ticket = browser.get("/admin/live-calls/ticket/")
    assert ticket.json()["url"].startswith("/streams/calls/?ticket=")
    assert "no-store" in ticket["Cache-Control"]


def test_who_may_not_see_calls_sees_no_board(tenant: Tenant, api: Any, admin_of: Any) -> None:
    """A member whose role of the tenant's own opens nothing but leads."""
    with platform_context(tenant_id=tenant.pk):
        role = TenantRoleFactory.create(rights=["leads.view"])
        user = MembershipFactory.create(tenant_role=role, user__primary_tenant=tenant).user
    assert api(user).get(ADDRESS).status_code == 403
    browser = admin_of(user)
    assert browser.get("/admin/live-calls/").status_code == 403
    assert browser.get("/admin/live-calls/ticket/").status_code == 403


@pytest.mark.django_db(transaction=True)
def test_open_pages_are_told_once_a_change_is_stored(tenant: Tenant) -> None:
    call = placed(tenant, CallStatus.PENDING).call_log
    with broker().pubsub(ignore_subscribe_messages=True) as heard:
        heard.subscribe(topic(tenant.pk, "calls"))
        heard.get_message(timeout=5)
        with platform_context(tenant_id=tenant.pk):
            record_call_status(call=call, status=CallStatus.RINGING)
            record_call_status(call=call, status=CallStatus.RINGING)
        told = heard.get_message(timeout=5)
        assert told is not None
        assert json.loads(told["data"]) == {"changed": "calls"}
        # The repeated report changed nothing.
        assert heard.get_message(timeout=0.1) is None


def test_many_calls_take_no_more_statements_than_one(tenant: Tenant) -> None:
    def statements() -> int:
        with platform_context(tenant_id=tenant.pk), CaptureQueriesContext(connection) as captured:
            shown = board(tenant.pk, now=timezone.now())
            assert [each.who and each.number for each in shown.calls]
        return len(captured)

    placed(tenant, CallStatus.RINGING, call={"lead": create(tenant, LeadFactory)})
    one = statements()
    for _call in range(5):
        placed(tenant, CallStatus.RINGING, call={"lead": create(tenant, LeadFactory)})
    assert statements() == one
