"""The address at which carriers and LAD's agent worker report."""

from typing import ClassVar, Final

from django.conf import settings
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.parsers import FormParser
from rest_framework.request import Request
from rest_framework.response import Response

from lad.api import router
from lad.api.callbacks import OutsideCallbackView
from voice.callbacks import receiving, twilio_status
from voice.carriers.protocol import CallbackRequest

GUESSED: Final = "carrier-callback"


class CallbackView(OutsideCallbackView):
    """Takes callbacks. The proof is whatever the account's carrier signs with."""

    # The words of three hours, with their times.
    max_body: ClassVar[int] = 2_000_000
    guessed = GUESSED

    @extend_schema(exclude=True)
    def post(self, request: Request, token: str) -> Response:
        body = self.body()
        headers = {name.lower(): value for name, value in request._request.headers.items()}
        with self.guesses_limited():
            return Response(receiving.receive(token, CallbackRequest(headers, body), now=timezone.now()))


class TwilioView(OutsideCallbackView):
    """Takes Twilio's status callbacks about calls of a LiveKit account whose trunk is Twilio's."""

    parser_classes = [FormParser]
    guessed = GUESSED

    @extend_schema(exclude=True)
    def post(self, request: Request, token: str) -> Response:
        plain = request._request
        form = [(name, value) for name, values in plain.POST.lists() for value in values]
        with self.guesses_limited():
            twilio_status.receive(
                token,
                # What Twilio called, whatever stands between.
                url=f"{settings.PUBLIC_URL.rstrip('/')}{plain.get_full_path()}",
                signature=plain.headers.get("X-Twilio-Signature", ""),
                form=form,
                now=timezone.now(),
            )
        return Response(status=status.HTTP_204_NO_CONTENT)


router.route("carrier-callbacks/<str:token>/", CallbackView.as_view(), name="carrier-callbacks")
router.route("carrier-callbacks/<str:token>/twilio/", TwilioView.as_view(), name="twilio-callbacks")
