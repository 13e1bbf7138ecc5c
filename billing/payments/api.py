"""Buying credits in the API: packages, checkout, automatic top-ups and Stripe's webhook."""

from typing import Final

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from billing.ledger.keys import permanent_key
from billing.ledger.serializers import MoneyField
from billing.payments.models import AutoTopup, CreditPackage, EventOutcome, Payment
from billing.payments.providers.configured import provider
from billing.payments.services import checkout, stripe_events
from lad.api import router
from lad.api.openapi import problems
from lad.api.serializers import InputSerializer, make_serializer
from lad.api.views import LadAPIView, ResourceViewSet
from lad.idempotency.middleware import REPLAYED

SIGNATURE: Final = "Stripe-Signature"
MAX_URL_LENGTH: Final = 2000

_Package = make_serializer(CreditPackage)
_Payment = make_serializer(
    Payment,
    exclude=[
        "idempotency_key",
        "customer_id",
        "payment_method_id",
        "attempts",
        "next_attempt_at",
        "lease_until",
        "attention",
    ],
)
_AutoTopup = make_serializer(AutoTopup, exclude=["customer_id", "payment_method_id"])


class CreditPackageSerializer(_Package):  # type: ignore[misc, valid-type]
    """A number of credits at a price before tax and card fee."""

    price_per_credit = MoneyField(read_only=True)

    class Meta(_Package.Meta):  # type: ignore[name-defined]
        fields = [*_Package.Meta.fields, "price_per_credit"]


class AutoTopupSerializer(_AutoTopup):  # type: ignore[misc, valid-type]
    """When a wallet is topped up from the saved card, with what, and how often."""

    has_card = serializers.SerializerMethodField()

    class Meta(_AutoTopup.Meta):  # type: ignore[name-defined]
        fields = [*_AutoTopup.Meta.fields, "has_card"]

    def get_has_card(self, row: AutoTopup) -> bool:
        return bool(row.payment_method_id)


class StartCheckoutSerializer(InputSerializer):
    """The package to buy, and the app's addresses to redirect to afterwards."""

    package = serializers.UUIDField()
    success_url = serializers.CharField(
        max_length=MAX_URL_LENGTH,
        help_text="Address after payment. Credits are available once the payment is `succeeded`.",
    )
    cancel_url = serializers.CharField(max_length=MAX_URL_LENGTH, help_text="Address after cancelling.")
    wallet = serializers.UUIDField(
        required=False, allow_null=True, default=None, help_text="Empty: the tenant's own wallet."
    )
    keep_card = serializers.BooleanField(default=False, help_text="Save the card for automatic top-ups.")


class StripeWebhookResponse(serializers.Serializer):
    """How the event was processed."""

    outcome = serializers.ChoiceField(choices=EventOutcome.choices)


class PaymentViewSet(ResourceViewSet):
    rights = {"create": "billing.buy"}
    idempotency_required = ("create",)
    self_scoped_actions = frozenset({"create"})

    @extend_schema(
        summary="Buy a package of credits by card",
        description=(
            "Returns `checkout_url`, the page where the card is entered. The card pays the package, tax if it is due "
            "now, and the card fee. A repeated request with the same key returns the same checkout."
        ),
        request=StartCheckoutSerializer,
        responses={201: _Payment, **problems(404, 501, 502, 503)},
    )
    def create(self, request: Request) -> Response:
        # Runs outside of the request's transaction because it calls the provider.
        values = StartCheckoutSerializer.read(request.data)
        purchase = checkout.CheckoutRequest(
            package_id=values["package"],
            success_url=values["success_url"],
            cancel_url=values["cancel_url"],
            wallet_id=values["wallet"],
            keep_card=values["keep_card"],
        )
        started = checkout.start(
            request=purchase,
            key=permanent_key(request),
            user=self.access.user,
            scope=self.access.scope,
            cards=provider(),
            now=timezone.now(),
        )
        with self.access.scope():
            address = f"{request.path}{started.payment.pk}/"
            answer = self.row_response(started.payment, status.HTTP_201_CREATED, Location=address)
        if started.replayed:
            answer[REPLAYED] = "true"
        return answer


class AutoTopupViewSet(ResourceViewSet):
    rights = {"create": "billing.update", "destroy": "billing.update"}


class StripeWebhookView(LadAPIView):
    """Receives Stripe's webhook, which is authenticated by its signature."""

    public = True
    replayable = False

    @extend_schema(
        summary="Receive a Stripe webhook",
        description="Called by Stripe, which signs it in `Stripe-Signature` and repeats it after any status but 200.",
        request={"application/json": {"type": "object"}},
        responses={200: StripeWebhookResponse, **problems(400, 501)},
        auth=[],
    )
    def post(self, request: Request) -> Response:
        # The signature covers the raw bytes.
        payload = request._request.body
        outcome = stripe_events.receive(
            payload=payload,
            signature=request.headers.get(SIGNATURE, ""),
            cards=provider(),
            now=timezone.now(),
        )
        return Response(StripeWebhookResponse({"outcome": outcome}).data)


router.register(
    CreditPackage,
    area="billing",
    methods=router.READ,
    serializer=CreditPackageSerializer,
    filters=["key", "currency", "is_active", "created_at"],
    order=["-created_at", "position"],
)
router.register(
    Payment,
    area="billing",
    methods=router.READ,
    serializer=_Payment,
    viewset=PaymentViewSet,
    filters=["wallet", "user", "kind", "status", "created_at"],
)
router.register(
    AutoTopup,
    area="billing",
    serializer=AutoTopupSerializer,
    viewset=AutoTopupViewSet,
    filters=["wallet", "is_enabled", "created_at"],
)
router.route("billing/stripe/webhook/", StripeWebhookView.as_view(), name="stripe-webhook")
