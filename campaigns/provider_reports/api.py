"""Providers' reports in the API, and the address at which the gateway reports."""

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.provider_reports import unipile
from campaigns.provider_reports.models import ProviderReport
from lad.api import router
from lad.api.callbacks import OutsideCallbackView

router.register(
    ProviderReport,
    area="sending-accounts",
    feature="campaigns",
    methods=router.READ,
    # It holds people's words.
    exclude=["content", "lease_until"],
    filters=["provider", "account_id", "kind", "state", "created_at"],
)


class UnipileReportView(OutsideCallbackView):
    """Takes what the gateway reports. The proof is the secret that it brings; the report names the account."""

    guessed = "unipile-report"
    max_body = 1_000_000

    @extend_schema(exclude=True)
    def post(self, request: Request) -> Response:
        plain = request._request
        headers = {name.lower(): value for name, value in plain.headers.items()}
        with self.guesses_limited():
            new = unipile.receive(headers, self.body(), now=timezone.now())
        return Response({"new": new})


router.route("gateway-reports/unipile/", UnipileReportView.as_view(), name="unipile-reports")
