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

from campaigns.accounts import connecting, health, services
from campaigns.accounts.mailbox import oauth
from campaigns.accounts.mailbox.hosts import is_sandbox
from campaigns.accounts.models import (
    ActionCount,
    CampaignAccount,
    ChannelAccount,
    EmailAccount,
    EmailSignIn,
    LinkedinAccount,
)
from campaigns.accounts.network_api import NetworkAccountViewSet
from campaigns.accounts.pacing import limits_of
from lad import writes
from lad.api import router
from lad.api.router import READ
from lad.api.serializers import InputSerializer
from lad.api.views import ResourceViewSet
from lad.tenancy.middleware import outside_scope

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


class HealthResponse(serializers.Serializer):
    """How many of the last messages bounced or were reported as spam. With more than may, the account stops."""

    window = serializers.IntegerField(help_text="How many of the last messages are looked at.")
    bounces = serializers.IntegerField()
    max_bounces = serializers.IntegerField()
    complaints = serializers.IntegerField()
    max_complaints = serializers.IntegerField()


class EmailAccountViewSet(ResourceViewSet):
    """Mailboxes that campaigns send from and listen to."""

    rights = {
        **dict.fromkeys(["test", "records", "connect", "complete", "resume"], "sending-accounts.update"),
        **dict.fromkeys(["today", "health"], "sending-accounts.view"),
    }
    # They ask foreign servers between two transactions.
    self_scoped_actions = frozenset({"test", "records", "complete"})

    @extend_schema(
        summary="Sign in to both servers of a mailbox", request=None, responses={200: ConnectionTestResponse}
    )
    @action(detail=True, methods=["post"])
    def test(self, request: Request, pk: UUID) -> Response:
        with self.access.scope():
            account = self.get_object()
        return self._tested(account)

    @extend_schema(summary="Check SPF, DKIM, DMARC and MX of a mailbox's domain", request=None)
    @action(detail=True, methods=["post"], url_path="check-records")
    def records(self, request: Request, pk: UUID) -> Response:
        with self.access.scope():
            account = self.get_object()
        with outside_scope(request._request):
            report = services.look_up_records(account=account)
        with self.access.scope():
            account = self.get_object()
            services.keep_records(account=account, report=report)
            return self.row_response(account)

    @extend_schema(summary="Let a mailbox send again that stopped for bounces or complaints", request=None)
    @action(detail=True, methods=["post"])
    @writes.in_transaction
    def resume(self, request: Request, pk: UUID) -> Response:
        return self.row_response(health.resume(account=self.get_object(), actor=self.access.user))

    @extend_schema(summary="Bounces and complaints of a mailbox's last messages", responses={200: HealthResponse})
    @action(detail=True, methods=["get"])
    def health(self, request: Request, pk: UUID) -> Response:
        return Response(HealthResponse(health.health_of(self.get_object())).data)

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
    def complete(self, request: Request, pk: UUID) -> Response:
        values = ConnectedSerializer.read(request.data)
        with self.access.scope():
            account = self.get_object()
        kept = cache.get(self._key(account))
        cache.delete(self._key(account))
        attempt = oauth.Attempt(**kept) if kept else None
        with outside_scope(request._request):
            tokens = connecting.tokens_for(
                attempt=attempt, state=values["state"], code=values["code"], redirect_uri=values["redirect_uri"]
            )
        assert attempt is not None  # tokens_for refuses without one
        provider = EmailSignIn(attempt.provider)
        with self.access.scope():
            connecting.connect(account=account, provider=provider, tokens=tokens, actor=self.access.user)
        return self._tested(account)

    def _tested(self, account: EmailAccount) -> Response:
        with outside_scope(self.request._request):
            trial = services.try_connection(account=account)
        with self.access.scope():
            outcome = services.keep_trial(account=account, trial=trial, actor=self.access.user)
        return Response(ConnectionTestResponse(outcome).data)

    def _key(self, account: EmailAccount) -> str:
        """Return where the attempt is kept: only the user who began it can complete it."""
        user = self.access.user
        return ATTEMPTS.format(user.pk if user is not None else "", account.pk)


router.register(
    EmailAccount,
    area="sending-accounts",
    feature=FEATURE,
    exclude=["health", "token_lease_until"],
    filters=["email", "status", "is_active", "user", "created_at"],
    order=["-created_at", "email"],
    viewset=EmailAccountViewSet,
)


router.register(
    LinkedinAccount,
    area="sending-accounts",
    feature="social-integration",
    exclude=["health", "checkpoint"],
    filters=["user", "status", "is_active", "created_at"],
    order=["-created_at", "account_name"],
    viewset=NetworkAccountViewSet,
)


router.register(
    ChannelAccount,
    area="sending-accounts",
    feature="social-integration",
    exclude=["health", "checkpoint"],
    filters=["channel", "provider", "user", "status", "is_active", "created_at"],
    order=["-created_at", "account_name"],
    viewset=NetworkAccountViewSet,
)


router.register(
    ActionCount,
    area="sending-accounts",
    feature="social-integration",
    methods=READ,
    filters=["account_id", "action", "day"],
    order=["-created_at", "-day"],
)


router.register(
    CampaignAccount,
    area="campaigns",
    feature=FEATURE,
    filters=["campaign", "linkedin_account", "status", "created_at"],
    order=["-created_at", "-priority"],
)
