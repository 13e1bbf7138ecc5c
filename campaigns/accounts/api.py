"""Sending accounts in the API."""

from typing import Final
from uuid import UUID

from django.core.cache import cache
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.accounts import connecting, services
from campaigns.accounts.mailbox import oauth
from campaigns.accounts.mailbox.hosts import is_sandbox
from campaigns.accounts.models import CampaignAccount, EmailAccount, EmailSignIn, LinkedinAccount
from campaigns.accounts.pacing import limits_of
from lad import writes
from lad.api import router
from lad.api.serializers import InputSerializer
from lad.api.views import ResourceViewSet

FEATURE = "campaigns"
ATTEMPTS: Final = "lad:mailbox-attempt:{}:{}"


class ConnectSerializer(InputSerializer):
    """The provider, and the page of the app to which the user returns with ``code`` and ``state``."""

    provider = serializers.ChoiceField(choices=[EmailSignIn.GOOGLE.value, EmailSignIn.MICROSOFT.value])
    redirect_uri = serializers.URLField(max_length=500)


class ConnectResponse(serializers.Serializer):
    """The provider's page to send the user to."""

    authorize_url = serializers.URLField()


class ConnectedSerializer(InputSerializer):
    """What the user returned with, and the page they returned to."""

    state = serializers.CharField(max_length=200)
    code = serializers.CharField(max_length=4_000)
    redirect_uri = serializers.URLField(max_length=500)


class ConnectionTestResponse(serializers.Serializer):
    """The result of a test: the account's new status, and what is wrong and what to do."""

    status = serializers.CharField()
    reason = serializers.CharField()
    sent_folder = serializers.CharField(help_text="The mailbox of sent messages.")
    saves_sent = serializers.BooleanField(allow_null=True, help_text="Whether the server keeps sent messages itself.")
    notes = serializers.ListField(child=serializers.CharField())


class TodayResponse(serializers.Serializer):
    """What the account may send today, in the tenant's time zone."""

    allowed = serializers.IntegerField()
    used = serializers.IntegerField()
    left = serializers.IntegerField()
    next_at = serializers.DateTimeField(allow_null=True, help_text="Null means that it may send now.")
    ramping_up = serializers.BooleanField()
    sandbox = serializers.BooleanField(help_text="Its server is the sandbox, which reaches nobody.")


class EmailAccountViewSet(ResourceViewSet):
    """Mailboxes that campaigns send from and listen to."""

    rights = {
        **dict.fromkeys(["test", "records", "connect", "complete"], "sending-accounts.update"),
        "today": "sending-accounts.view",
    }

    @extend_schema(
        summary="Sign in to both servers of a mailbox", request=None, responses={200: ConnectionTestResponse}
    )
    @action(detail=True, methods=["post"])
    def test(self, request: Request, pk: UUID) -> Response:
        outcome = services.test_connection(account=self.get_object(), actor=self.access.user)
        return Response(ConnectionTestResponse(outcome).data)

    @extend_schema(summary="Check SPF, DKIM, DMARC and MX of a mailbox's domain", request=None)
    @action(detail=True, methods=["post"], url_path="check-records")
    def records(self, request: Request, pk: UUID) -> Response:
        account = self.get_object()
        services.check_records(account=account)
        return self.row_response(account)

    @extend_schema(summary="What a mailbox may send today", responses={200: TodayResponse})
    @action(detail=True, methods=["get"])
    def today(self, request: Request, pk: UUID) -> Response:
        account = self.get_object()
        limits = limits_of(account, zone=account.tenant.timezone, now=timezone.now())
        facts = {name: getattr(limits, name) for name in ("allowed", "used", "left", "next_at", "ramping_up")}
        return Response(TodayResponse({**facts, "sandbox": is_sandbox(account.smtp_host)}).data)

    @extend_schema(
        summary="Begin to connect a mailbox with Google or Microsoft",
        request=ConnectSerializer,
        responses={200: ConnectResponse},
    )
    @action(detail=True, methods=["post"])
    def connect(self, request: Request, pk: UUID) -> Response:
        account, values = self.get_object(), ConnectSerializer.read(request.data)
        address, attempt = connecting.begin(
            account=account, provider=EmailSignIn(values["provider"]), redirect_uri=values["redirect_uri"]
        )
        cache.set(self._key(account), attempt.as_json(), timeout=int(oauth.STATE_LIFETIME.total_seconds()))
        return Response(ConnectResponse({"authorize_url": address}).data)

    @extend_schema(
        summary="Connect a mailbox with what the user returned with, and test it",
        request=ConnectedSerializer,
        responses={200: ConnectionTestResponse},
    )
    @action(detail=True, methods=["post"], url_path="connect/complete")
    @writes.in_transaction
    def complete(self, request: Request, pk: UUID) -> Response:
        account, values = self.get_object(), ConnectedSerializer.read(request.data)
        kept = cache.get(self._key(account))
        cache.delete(self._key(account))
        attempt = oauth.Attempt(**kept) if kept else None
        tokens = connecting.tokens_for(
            attempt=attempt, state=values["state"], code=values["code"], redirect_uri=values["redirect_uri"]
        )
        assert attempt is not None  # tokens_for refuses without one
        provider = EmailSignIn(attempt.provider)
        connecting.connect(account=account, provider=provider, tokens=tokens, actor=self.access.user)
        outcome = services.test_connection(account=account, actor=self.access.user)
        return Response(ConnectionTestResponse(outcome).data)

    def _key(self, account: EmailAccount) -> str:
        """Return where the attempt is kept: only the user who began it can complete it."""
        user = self.access.user
        return ATTEMPTS.format(user.pk if user is not None else "", account.pk)


router.register(
    EmailAccount,
    area="sending-accounts",
    feature=FEATURE,
    filters=["email", "status", "is_active", "user", "created_at"],
    order=["-created_at", "email"],
    viewset=EmailAccountViewSet,
)


router.register(
    LinkedinAccount,
    area="sending-accounts",
    feature="social-integration",
    filters=["user", "status", "is_active", "created_at"],
    order=["-created_at", "account_name"],
)


router.register(
    CampaignAccount,
    area="campaigns",
    feature=FEATURE,
    filters=["campaign", "linkedin_account", "status", "created_at"],
    order=["-created_at", "-priority"],
)
