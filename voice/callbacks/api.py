"""The address at which carriers and LAD's agent worker report."""

from typing import Final

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from lad.api import router
from lad.api.throttling import seconds_to_wait
from lad.api.views import LadAPIView
from lad.errors import Throttled
from lad.limits import RequestTooLarge
from lad.tenancy.clients import client_address
from voice.callbacks import receiving
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
        try:
            reply = receiving.receive(token, CallbackRequest(headers, plain.body), now=timezone.now())
        except (CallbackAddressUnknown, CallbackRefused):
            if wait := seconds_to_wait(THROTTLE, f"carrier-callback:{client_address(plain)}"):
                raise Throttled(retry_after=wait) from None
            raise
        return Response(reply)


router.route("carrier-callbacks/<str:token>/", CallbackView.as_view(), name="carrier-callbacks")
