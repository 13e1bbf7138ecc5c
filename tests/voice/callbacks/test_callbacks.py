"""Callbacks arrive at LAD's address: with proof, in any order, twice, or not at all."""

from dataclasses import replace
from random import Random
from typing import Any
from uuid import uuid4

import pytest

from lad.tenancy.context import platform_context
from tests.voice.callbacks.conftest import ADDRESS, KEY, account_at
from voice.callbacks.services import purge_reports
from voice.carriers.callback_addresses import callback_url, make_token
from voice.carriers.outcomes import Outcome
from voice.carriers.protocol import CallbackRequest
from voice.dialer.models import CarrierReport, PlacementState
from voice.statuses import CallStatus

pytestmark = pytest.mark.django_db

PROTOCOLS = ("livekit", "vapi")


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("order", ["straight", "reversed", "shuffled", "twice"])
def test_a_call_has_the_same_end_whatever_order_its_callbacks_take(line: Any, protocol: str, order: str) -> None:
    at = line(protocol)
    call = at.call("books")
    at.sandbox.advance(minutes=3)
    got = at.new()
    if order == "reversed":
        got.reverse()
    elif order == "shuffled":
        Random(3).shuffle(got)
    elif order == "twice":
        got += got
    assert {answer.status_code for answer in at.deliver(got)} == {200}
    done, real = at.finished(call), at.real(call)
    assert (done.status, done.outcome) == (CallStatus.ENDED, Outcome.ANSWERED)
    assert at.placement(call).state == PlacementState.SETTLED
    # LiveKit's times are whole seconds.
    assert abs(done.started_at.timestamp() - real["answered"]) < 1.01
    assert abs(done.ended_at.timestamp() - real["ended"]) < 1.01
    assert abs(done.duration_seconds - real["seconds"]) < 1.51
    assert [turn["text"] for turn in done.transcripts] == [turn["text"] for turn in real["transcript"]]


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(
    ("behaviour", "outcome"),
    [("no_answer", Outcome.NO_ANSWER), ("busy", Outcome.BUSY), ("voicemail", Outcome.VOICEMAIL)],
)
def test_a_call_that_reached_nobody_ends_with_its_outcome(
    line: Any, protocol: str, behaviour: str, outcome: Outcome
) -> None:
    at = line(protocol)
    call = at.call(behaviour)
    at.sandbox.advance(minutes=3)
    at.deliver()
    assert at.finished(call).outcome == outcome


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_state_follows_the_call(line: Any, protocol: str) -> None:
    at = line(protocol)
    call = at.call("answers")
    states = [at.finished(call).status]
    for seconds in (3, 15, 120):
        at.sandbox.advance(seconds=seconds)
        at.deliver()
        states.append(at.finished(call).status)
    assert states == [CallStatus.PENDING, CallStatus.RINGING, CallStatus.ONGOING, CallStatus.ENDED]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_callback_without_proof_is_refused(line: Any, protocol: str) -> None:
    at = line(protocol)
    call = at.call("answers")
    at.sandbox.advance(minutes=2)
    requests = at.new()
    forged = [CallbackRequest({"content-type": "application/json"}, each.body) for each in requests]
    forged += [replace(each, headers={**each.headers, "authorization": "Bearer made-up"}) for each in requests]
    if protocol == "livekit":
        forged += [replace(each, body=each.body.replace(b"CLIENT", b"CLIENTS")) for each in requests[-3:-2]]
    else:
        forged = [
            replace(each, headers={name: text for name, text in each.headers.items() if name != "x-vapi-secret"})
            for each in requests
        ]
    assert forged
    for each in forged:
        assert at.post(each).status_code == (401 if each.body != b"" else 400)
    assert at.finished(call).status == CallStatus.PENDING
    with platform_context():
        assert not CarrierReport.objects.exists()


def test_an_address_that_somebody_made_up_is_unknown(line: Any, api: Any, settings: Any) -> None:
    at = line("vapi")
    token = make_token(at.account.pk)
    other_signature = token[:30] + ("A" if token[30] != "A" else "B") + token[31:]
    wrong = [
        other_signature,
        token[:-1] + ("A" if token[-1] != "A" else "B"),
        make_token(uuid4()),
        "x",
        "ä" * 54,
        token + "A",
    ]
    for each in wrong:
        assert api().post(ADDRESS.format(token=each), {}, format="json").status_code == 404, each
    # A key that was replaced goes on to verify.
    settings.JWT_SIGNING_KEYS = ["a-newer-key-that-is-long-enough-for-signatures", *settings.JWT_SIGNING_KEYS]
    assert make_token(at.account.pk) != token
    assert api().post(ADDRESS.format(token=token), {}, format="json").status_code == 401


def test_one_account_cannot_report_about_the_calls_of_another(line: Any, other_tenant: Any) -> None:
    at = line("livekit")
    call = at.call("answers")
    at.sandbox.advance(minutes=2)
    requests = at.new()
    # It has the same key, so that every proof is right.
    strangers = account_at(at.sandbox, other_tenant, "livekit")
    assert strangers.key_id == KEY
    assert {answer.status_code for answer in at.deliver(requests, account=strangers)} == {200}
    own = account_at(at.sandbox, at.tenant, "livekit")
    assert {answer.status_code for answer in at.deliver(requests, account=own)} == {200}
    assert at.finished(call).status == CallStatus.PENDING
    at.deliver(requests)
    assert at.finished(call).status == CallStatus.ENDED


def test_an_account_of_the_platform_reports_about_calls_of_every_tenant(line: Any) -> None:
    at = line("vapi", of=None)
    call = at.call("answers")
    at.sandbox.advance(minutes=2)
    at.deliver()
    assert at.finished(call).outcome == Outcome.ANSWERED


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b'{"event": "room_started"}', b'{"message": {"type": "transcript"}}', b'"' * 500],
)
def test_what_is_not_ours_is_answered_and_forgotten(line: Any, body: bytes) -> None:
    at = line("vapi")
    request = CallbackRequest({"x-vapi-secret": at.account.webhook_secret}, body)
    answer = at.post(request)
    assert (answer.status_code, answer.json()) == (200, {})


def test_a_body_that_is_too_long_is_not_read(line: Any) -> None:
    at = line("vapi")
    request = CallbackRequest({"x-vapi-secret": at.account.webhook_secret}, b" " * 2_000_001)
    assert at.post(request).status_code == 413


def test_reports_are_forgotten_after_a_month(line: Any) -> None:
    from datetime import timedelta

    from django.utils import timezone

    at = line("vapi")
    at.call("busy")
    at.sandbox.advance(minutes=2)
    at.deliver()
    now = timezone.now()
    assert purge_reports(now + timedelta(days=29)) == 0
    assert purge_reports(now + timedelta(days=31)) == len(at.callbacks.got)


def test_carriers_are_told_an_address_only_where_they_can_reach_it(line: Any, settings: Any) -> None:
    at = line("vapi")
    settings.PUBLIC_URL = "https://lad.example/"
    assert callback_url(at.account) == f"https://lad.example{ADDRESS.format(token=make_token(at.account.pk))}"
    settings.PUBLIC_URL = "http://127.0.0.1:8000"
    assert callback_url(at.account).startswith("http://127.0.0.1:8000/")
    settings.VOICE_SANDBOX_HOSTS = []
    assert callback_url(at.account) == ""


def test_people_find_the_address_that_their_carrier_needs(
    line: Any, owner: Any, api: Any, admin_of: Any, settings: Any
) -> None:
    settings.PUBLIC_URL = "https://lad.example"
    at = line("livekit")
    answer = api(owner).get(f"/api/v1/carrier-accounts/{at.account.pk}/")
    assert answer.json()["callback_url"] == callback_url(at.account)
    page = admin_of(owner).get(f"/admin/voice/carrieraccount/{at.account.pk}/change/").content.decode()
    assert f"{callback_url(at.account)}twilio/" in page
