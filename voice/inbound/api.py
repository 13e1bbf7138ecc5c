"""The address at which LAD's agent worker asks what to say to somebody who calls."""

from typing import ClassVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from lad.api import router
from lad.api.callbacks import OutsideCallbackView
from voice.carriers.protocol import CallbackRequest
from voice.inbound.briefs import brief_for


class BriefView(OutsideCallbackView):
    """Answers the worker. The proof is a signature by the account's key."""

    max_body: ClassVar[int] = 64_000
    guessed = "carrier-callback"

    @extend_schema(exclude=True)
    def post(self, request: Request, token: str) -> Response:
        body = self.body()
        headers = {name.lower(): value for name, value in request._request.headers.items()}
        with self.guesses_limited():
            return Response(brief_for(token, CallbackRequest(headers, body), now=timezone.now()))


router.route("carrier-callbacks/<str:token>/brief/", BriefView.as_view(), name="carrier-briefs")
