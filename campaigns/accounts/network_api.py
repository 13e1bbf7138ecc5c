"""Accounts on networks in the API: connecting step by step, use, and pausing."""

from datetime import datetime
from typing import Any, ClassVar, Final
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.accounts import checks, network_services
from campaigns.accounts.models import AccountStatus, NetworkAccount
from campaigns.accounts.network_connecting import hosted, keeping, signing_in
from campaigns.accounts.network_connecting.attempts import Answer, Waits, attempt_of
from campaigns.accounts.network_connecting.throttling import require_few_attempts
from campaigns.accounts.network_health import health_of
from campaigns.accounts.network_use import use_of
from campaigns.accounts.sandboxes import is_sandbox
from lad.api import router
from lad.api.serializers import InputSerializer
from lad.api.throttling import seconds_to_wait
from lad.api.views import LadAPIView, ResourceViewSet
from lad.errors import Throttled
from lad.tenancy.clients import client_address
from lad.tenancy.middleware import outside_scope

METHODS: Final = ("hosted", "credentials", "cookies", "qr")
NEEDED: Final = {"credentials": ("username", "password"), "cookies": ("li_at", "user_agent")}


class NetworkSignInSerializer(InputSerializer):
    """How to connect. Passwords and cookies go to the network's gateway and are stored nowhere."""

    method = serializers.ChoiceField(choices=METHODS, default="hosted")
    username = serializers.CharField(max_length=320, required=False, help_text="For the method credentials.")
    password = serializers.CharField(max_length=500, required=False, write_only=True, trim_whitespace=False)
    li_at = serializers.CharField(max_length=4_000, required=False, write_only=True, help_text="For cookies.")
    li_a = serializers.CharField(max_length=4_000, required=False, write_only=True, help_text="Of paid accounts.")
    user_agent = serializers.CharField(max_length=1_000, required=False, help_text="The cookies' browser.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        missing = [name for name in NEEDED.get(attrs["method"], ()) if not attrs.get(name)]
        if missing:
            raise serializers.ValidationError({name: ["Enter it for this method."] for name in missing})
        return attrs


class NetworkCheckpointSerializer(InputSerializer):
    """The answer to what the network asks: the code it sent, or YES after the approval on the phone, or NO."""

    code = serializers.CharField(max_length=50)


class NetworkConnectionResponse(serializers.Serializer):
    """The state of an attempt to connect."""

    connected = serializers.BooleanField()
    status = serializers.CharField()
    reason = serializers.CharField(help_text="What is wrong, and what to do.")
    waits_for = serializers.CharField(
        help_text="Empty, `link`, `qr`, `code`, `phone` (its number), `app` (approve there), or `page`: use `hosted`."
    )
    expires_at = serializers.DateTimeField(allow_null=True)
    url = serializers.CharField(help_text="The page to send the person to, after `hosted`.")
    qr = serializers.CharField(help_text="The text of the code to show. It changes: ask again every few seconds.")


class NetworkActionUseResponse(serializers.Serializer):
    """How often an action was done and may be done. A limit of null means without limit."""

    action = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # a field of the answer
    today = serializers.IntegerField()
    week = serializers.IntegerField()
    day_limit = serializers.IntegerField(allow_null=True)
    week_limit = serializers.IntegerField(allow_null=True)
    source = serializers.CharField(  # type: ignore[assignment]  # a field of the answer
        help_text="`usual`, `own`, `ramp_up` or `learned`."
    )


class NetworkHealthResponse(serializers.Serializer):
    """How an account stands, by what it did of late."""

    label = serializers.CharField(  # type: ignore[assignment]  # a field of the answer
        help_text="`healthy`, `watch` or `halted`."
    )
    reasons = serializers.ListField(child=serializers.CharField())
    tried = serializers.IntegerField()
    failed = serializers.IntegerField()
    sent = serializers.IntegerField()
    answered = serializers.IntegerField()


class NetworkUsageResponse(serializers.Serializer):
    """What an account did and may do today, in the tenant's time zone."""

    actions = NetworkActionUseResponse(many=True)
    health = NetworkHealthResponse()
    next_at = serializers.DateTimeField(allow_null=True)
    paused_until = serializers.DateTimeField(allow_null=True)
    sandbox = serializers.BooleanField(help_text="It reaches nobody outside LAD.")


class NetworkAccountViewSet(ResourceViewSet):
    """Accounts on networks: connected in steps, limited by action, paused and resumed."""

    rights: ClassVar[dict[str, str]] = {
        **dict.fromkeys(
            ["connect", "checkpoint", "connection", "check", "pause", "resume", "reconnect", "disconnect"],
            "sending-accounts.update",
        ),
        "usage": "sending-accounts.view",
    }
    # They ask a provider between two transactions.
    self_scoped_actions = frozenset(
        {"connect", "checkpoint", "connection", "check", "resume", "reconnect", "disconnect"}
    )

    @extend_schema(
        summary="Begin to connect an account, for the first time or again",
        request=NetworkSignInSerializer,
        responses={200: NetworkConnectionResponse},
    )
    @action(detail=True, methods=["post"])
    def connect(self, request: Request, pk: UUID) -> Response:
        values, account, now = NetworkSignInSerializer.read(request.data), self._account(), timezone.now()
        require_few_attempts(account)
        with outside_scope(request._request):
            answer = _begin(account, values, now)
        return self._kept(account, answer, now)

    @extend_schema(
        summary="Answer what the network asks for, such as a code",
        request=NetworkCheckpointSerializer,
        responses={200: NetworkConnectionResponse},
    )
    @action(detail=True, methods=["post"])
    def checkpoint(self, request: Request, pk: UUID) -> Response:
        code, account, now = NetworkCheckpointSerializer.read(request.data)["code"], self._account(), timezone.now()
        require_few_attempts(account)
        with outside_scope(request._request):
            answer = signing_in.solve(account, code, now=now)
        return self._kept(account, answer, now)

    @extend_schema(
        summary="Whether an account is connected by now; asks the network while it is not",
        responses={200: NetworkConnectionResponse},
    )
    @action(detail=True, methods=["get"])
    def connection(self, request: Request, pk: UUID) -> Response:
        account, now = self._account(), timezone.now()
        if attempt_of(account) is None:
            return Response(_connection(account, None))
        with outside_scope(request._request):
            answer = signing_in.look(account, now=now)
        return self._kept(account, answer, now)

    @extend_schema(
        summary="Ask the provider whether an account works", request=None, responses={200: NetworkConnectionResponse}
    )
    @action(detail=True, methods=["post"])
    def check(self, request: Request, pk: UUID) -> Response:
        account = self._account()
        with outside_scope(request._request):
            checked = checks.check(account)
        with self.access.scope():
            network_services.keep(account=account, checked=checked, actor=self.access.user)
        return Response(_connection(account, None))

    @extend_schema(
        summary="Let an account work again: by itself if the provider agrees, or else with a link to sign in",
        request=None,
        responses={200: NetworkConnectionResponse},
    )
    @action(detail=True, methods=["post"])
    def reconnect(self, request: Request, pk: UUID) -> Response:
        account, now = self._account(), timezone.now()
        require_few_attempts(account)
        with outside_scope(request._request):
            checked = checks.check(account)
            through_gateway = network_services.is_through_gateway(account)
            answer = None if checked.succeeded or not through_gateway else hosted.begin(account, now=now)
        if answer is not None:
            return self._kept(account, answer, now)
        with self.access.scope():
            network_services.keep(account=account, checked=checked, actor=self.access.user)
        return Response(_connection(account, None))

    @extend_schema(summary="Let an account do nothing until it is resumed", request=None)
    @action(detail=True, methods=["post"])
    def pause(self, request: Request, pk: UUID) -> Response:
        return self.row_response(network_services.pause(account=self.get_object(), actor=self.access.user))

    @extend_schema(summary="Let an account act again that was paused, or that LAD stopped", request=None)
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: UUID) -> Response:
        account = self._account()
        with outside_scope(request._request):
            checked = checks.check(account)
        with self.access.scope():
            network_services.resume(account=account, checked=checked, actor=self.access.user, now=timezone.now())
            return self.row_response(account)

    @extend_schema(summary="End the connection of an account; it stays, inactive", request=None)
    @action(detail=True, methods=["post"])
    def disconnect(self, request: Request, pk: UUID) -> Response:
        account = self._account()
        with outside_scope(request._request):
            network_services.release(account)
        with self.access.scope():
            return self.row_response(network_services.keep_disconnected(account=account, actor=self.access.user))

    @extend_schema(summary="What an account did and may do, and how it stands", responses={200: NetworkUsageResponse})
    @action(detail=True, methods=["get"])
    def usage(self, request: Request, pk: UUID) -> Response:
        account, now = self.get_object(), timezone.now()
        shown = {
            "actions": use_of(account, zone=account.tenant.timezone, now=now),
            "health": health_of(account, now=now),
            "next_at": account.next_send_at if account.next_send_at and account.next_send_at > now else None,
            "paused_until": account.paused_until if account.paused_until and account.paused_until > now else None,
            "sandbox": is_sandbox(account),
        }
        return Response(NetworkUsageResponse(shown).data)

    def _account(self) -> NetworkAccount:
        with self.access.scope():
            account: NetworkAccount = self.get_object()
        return account

    def _kept(self, account: NetworkAccount, answer: Answer, now: datetime) -> Response:
        with self.access.scope():
            keeping.keep(account, answer, actor=self.access.user, now=now)
        return Response(_connection(account, answer))


def _begin(account: NetworkAccount, values: dict[str, Any], now: datetime) -> Answer:
    match values["method"]:
        case "credentials":
            entered = signing_in.Credentials(values["username"], values["password"])
            return signing_in.sign_in(account, entered, now=now)
        case "cookies":
            cookies = signing_in.Cookies(values["li_at"], values["user_agent"], values.get("li_a", ""))
            return signing_in.sign_in(account, cookies, now=now)
        case "qr":
            return signing_in.show_qr(account, now=now)
        case _:
            return hosted.begin(account, now=now)


def _connection(account: NetworkAccount, answer: Answer | None) -> dict[str, Any]:
    attempt = attempt_of(account)
    facts = {
        "connected": account.status == AccountStatus.ACTIVE and attempt is None,
        "status": account.status,
        "reason": str(account.checkpoint.get("ended", "")) or account.status_reason,
        "waits_for": attempt.waits.value if attempt else "",
        "expires_at": attempt.expires_at if attempt else None,
        "url": answer.link if answer else "",
        "qr": attempt.qr if attempt and attempt.waits == Waits.QR else "",
    }
    return dict(NetworkConnectionResponse(facts).data)


class NoticeView(LadAPIView):
    """Takes the gateway's notice that a link of LAD's was used. The address is signed, and good for one use."""

    public = True
    needs_tenant = False
    replayable = False
    self_scoped_actions = frozenset({"post"})
    throttle_classes = []

    @extend_schema(exclude=True)
    def post(self, request: Request, name: str) -> Response:
        notice = request.data if isinstance(request.data, dict) else {}
        try:
            hosted.take_notice(name, notice, now=timezone.now())
        except hosted.NoticeRefused:
            if wait := seconds_to_wait("link", f"gateway-notice:{client_address(request._request)}"):
                raise Throttled(retry_after=wait) from None
            raise
        return Response(status=status.HTTP_204_NO_CONTENT)


router.route("gateway-notices/<str:name>/", NoticeView.as_view(), name="gateway-notices")
