"""The address at which carriers and LAD's agent worker report."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.parsers import FormParser
from rest_framework.request import Request
from rest_framework.response import Response

from lad.api import router
from lad.api.throttling import seconds_to_wait
from lad.api.views import LadAPIView
from lad.errors import Throttled
from lad.limits import RequestTooLarge
from lad.tenancy.clients import client_address
from voice.callbacks import receiving, twilio_status
from voice.carriers.callback_addresses import CallbackAddressUnknown
from voice.carriers.errors import CallbackRefused
from voice.carriers.protocol import CallbackRequest

# Guesses at addresses and proofs.
THROTTLE: Final = "link"
# The words of three hours, with their times.
MAX_BODY: Final = 2_000_000


class CallbackView(LadAPIView):
    """Takes callbacks. The address names the account; the proof is whatever its carrier signs with."""

    public = True
    needs_tenant = False
    replayable = False
    self_scoped_actions = frozenset({"post"})
    # Carriers report as often as calls change.
    throttle_classes = []

    @extend_schema(exclude=True)
    def post(self, request: Request, token: str) -> Response:
        plain = request._request
        if int(plain.META.get("CONTENT_LENGTH") or 0) > MAX_BODY:
            raise RequestTooLarge
        headers = {name.lower(): value for name, value in plain.headers.items()}
        with _guesses_limited(plain):
            return Response(receiving.receive(token, CallbackRequest(headers, plain.body), now=timezone.now()))


class TwilioView(LadAPIView):
    """Takes Twilio's status callbacks about calls of a LiveKit account whose trunk is Twilio's."""

    public = True
    needs_tenant = False
    replayable = False
    self_scoped_actions = frozenset({"post"})
    throttle_classes = []
    parser_classes = [FormParser]

    @extend_schema(exclude=True)
    def post(self, request: Request, token: str) -> Response:
        plain = request._request
        form = [(name, value) for name, values in plain.POST.lists() for value in values]
        with _guesses_limited(plain):
            twilio_status.receive(
                token,
                # What Twilio called, whatever stands between.
                url=f"{settings.PUBLIC_URL.rstrip('/')}{plain.get_full_path()}",
                signature=plain.headers.get("X-Twilio-Signature", ""),
                form=form,
                now=timezone.now(),
            )
        return Response(status=status.HTTP_204_NO_CONTENT)


@contextmanager
def _guesses_limited(request: HttpRequest) -> Iterator[None]:
    """Let nobody try many addresses or proofs."""
    try:
        yield
    except (CallbackAddressUnknown, CallbackRefused):
        if wait := seconds_to_wait(THROTTLE, f"carrier-callback:{client_address(request)}"):
            raise Throttled(retry_after=wait) from None
        raise


router.route("carrier-callbacks/<str:token>/", CallbackView.as_view(), name="carrier-callbacks")
router.route("carrier-callbacks/<str:token>/twilio/", TwilioView.as_view(), name="twilio-callbacks")
