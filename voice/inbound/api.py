"""The address at which LAD's agent worker asks what to say to somebody who calls."""

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
from voice.carriers.callback_addresses import CallbackAddressUnknown
from voice.carriers.errors import CallbackRefused
from voice.carriers.protocol import CallbackRequest
from voice.inbound.briefs import brief_for

THROTTLE = "link"
MAX_BODY = 64_000


class BriefView(LadAPIView):
    """Answers the worker. The address names the account; the proof is a signature by its key."""

    public = True
    needs_tenant = False
    replayable = False
    self_scoped_actions = frozenset({"post"})
    throttle_classes = []

    @extend_schema(exclude=True)
    def post(self, request: Request, token: str) -> Response:
        plain = request._request
        if int(plain.META.get("CONTENT_LENGTH") or 0) > MAX_BODY:
            raise RequestTooLarge
        headers = {name.lower(): value for name, value in plain.headers.items()}
        try:
            found = brief_for(token, CallbackRequest(headers, plain.body), now=timezone.now())
        except (CallbackAddressUnknown, CallbackRefused):
            if wait := seconds_to_wait(THROTTLE, f"carrier-callback:{client_address(plain)}"):
                raise Throttled(retry_after=wait) from None
            raise
        return Response(found)


router.route("carrier-callbacks/<str:token>/brief/", BriefView.as_view(), name="carrier-briefs")
