"""The address at which Twilio reports messages and what became of them."""

from django.conf import settings
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.parsers import FormParser
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.channels.sms import receiving
from campaigns.channels.sms.driver import OWN_ID
from lad.api import router
from lad.api.callbacks import OutsideCallbackView


class TwilioReportView(OutsideCallbackView):
    """Takes reports about a Twilio account of a tenant. Twilio signs the address and the form with the auth token."""

    parser_classes = [FormParser]
    guessed = "provider-report"

    @extend_schema(exclude=True)
    def post(self, request: Request, token: str) -> Response:
        self.body()
        plain = request._request
        form = [(name, value) for name, values in plain.POST.lists() for value in values]
        with self.guesses_limited():
            receiving.receive(
                token,
                # Twilio signs the public address, not that behind a proxy.
                url=f"{settings.PUBLIC_URL.rstrip('/')}{plain.get_full_path()}",
                signature=plain.headers.get("X-Twilio-Signature", ""),
                form=form,
                own=plain.GET.get(OWN_ID, ""),
                now=timezone.now(),
            )
        return Response(status=status.HTTP_204_NO_CONTENT)


router.route("provider-reports/twilio/<str:token>/", TwilioReportView.as_view(), name="twilio-reports")
