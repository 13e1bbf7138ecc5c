"""Twilio's status callbacks tell more about calls of a LiveKit trunk."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.utils import timezone

from lad.tenancy.context import platform_context
from tests.voice.callbacks.conftest import ADDRESS, PERSON, Line
from voice.calls.models import CallLog
from voice.carriers.callback_addresses import make_token
from voice.carriers.models import CarrierAccount
from voice.carriers.outcomes import Outcome
from voice.dialer.models import CallPlacement
from voice.statuses import CallStatus

pytestmark = pytest.mark.django_db

AUTH_TOKEN = "the-auth-token-of-twilio"


@pytest.fixture
def at(line: Any, settings: Any) -> Line:
    settings.PUBLIC_URL = "https://lad.example"
    made: Line = line("livekit")
    with platform_context():
        row = CarrierAccount.all_objects.get(pk=made.account.pk)
        row.webhook_secret = f"the-next-token, {AUTH_TOKEN}"
        row.save(update_fields=["webhook_secret"])
    return made


def tell(at: Line, status: str, *, token: str = AUTH_TOKEN, to: str = PERSON, **values: str) -> int:
    """Let Twilio tell of a status, signed with a token. Return LAD's answer."""
    path = f"{ADDRESS.format(token=make_token(at.account.pk))}twilio/"
    form = {"CallSid": "CA1", "CallStatus": status, "To": to, "From": "+442079460018", **values}
    text = f"https://lad.example{path}" + "".join(name + form[name] for name in sorted(form))
    signature = base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()
    answer = Client().post(
        path,
        urlencode(form),
        content_type="application/x-www-form-urlencoded",
        headers={"X-Twilio-Signature": signature},
    )
    return answer.status_code


def called(at: Line, behaviour: str) -> CallLog:
    call = at.call(behaviour)
    with platform_context():
        CallPlacement.objects.filter(call_log=call.pk).update(asked_at=timezone.now())
    return call


def test_a_declined_call_is_told_from_a_busy_line(at: Line) -> None:
    call = called(at, "declines")
    at.sandbox.advance(minutes=1)
    at.deliver()
    assert at.finished(call).outcome == Outcome.BUSY
    assert tell(at, "busy", SipResponseCode="603") == 204
    assert tell(at, "busy", SipResponseCode="603") == 204
    assert (at.finished(call).outcome, at.finished(call).cause) == (Outcome.DECLINED, "sip-603")


def test_a_call_whose_webhooks_are_lost_is_followed(at: Line) -> None:
    call = called(at, "answers")
    assert tell(at, "ringing") == 204
    assert at.finished(call).status == CallStatus.RINGING
    begun, ended = datetime(2026, 3, 2, 10, 0, tzinfo=UTC), datetime(2026, 3, 2, 10, 1, tzinfo=UTC)
    tell(at, "in-progress", Timestamp=format_datetime(begun))
    assert at.finished(call).status == CallStatus.ONGOING
    tell(at, "completed", Timestamp=format_datetime(ended), CallDuration="59", SipResponseCode="200")
    with platform_context():
        [placement] = CallPlacement.objects.all()
    assert (placement.state, placement.answered_at) == ("settled", begun)


@pytest.mark.parametrize(
    ("values", "answer"),
    [({"token": "another-token"}, 401), ({"to": "+442079460999"}, 204), ({"status": "sung"}, 204)],
)
def test_what_is_not_twilios_or_not_ours_changes_nothing(at: Line, values: dict[str, str], answer: int) -> None:
    call = called(at, "answers")
    assert tell(at, **{"status": "failed", **values}) == answer
    assert at.finished(call).status == CallStatus.PENDING


def test_an_account_without_a_token_takes_none(at: Line) -> None:
    called(at, "answers")
    with platform_context():
        CarrierAccount.all_objects.update(webhook_secret="")
    assert tell(at, "failed", token="") == 401
