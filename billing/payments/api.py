"""Credits bought by card: packages, the checkout, the rules of automatic top-ups, and what Stripe tells."""

from typing import Final

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from billing.ledger.keys import permanent_key
from billing.ledger.serializers import MoneyField
from billing.payments.models import AutoTopup, CreditPackage, EventOutcome, Payment
from billing.payments.providers.stripe import provider
from billing.payments.services import checkout, stripe_events
from lad.api import router
from lad.api.openapi import problems
from lad.api.serializers import InputSerializer, make_serializer
from lad.api.views import LadAPIView, ResourceViewSet
from lad.idempotency.middleware import REPLAYED

SIGNATURE: Final = "Stripe-Signature"
LONGEST_ADDRESS: Final = 2000

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
    """A number of credits at a price, without tax and card fee."""

    price_per_credit = MoneyField(read_only=True)

    class Meta(_Package.Meta):  # type: ignore[name-defined]
        fields = [*_Package.Meta.fields, "price_per_credit"]


class AutoTopupSerializer(_AutoTopup):  # type: ignore[misc, valid-type]
    """When a wallet is topped up from the kept card, with what, and how often at most."""

    has_card = serializers.SerializerMethodField()

    class Meta(_AutoTopup.Meta):  # type: ignore[name-defined]
        fields = [*_AutoTopup.Meta.fields, "has_card"]

    def get_has_card(self, row: AutoTopup) -> bool:
        return bool(row.payment_method_id)


class CheckoutForm(InputSerializer):
    """What is bought, and where the payer goes on afterwards: to addresses of the app."""

    package = serializers.UUIDField()
    success_url = serializers.CharField(
        max_length=LONGEST_ADDRESS, help_text="After paying. The credits are there when the payment says `succeeded`."
    )
    cancel_url = serializers.CharField(max_length=LONGEST_ADDRESS, help_text="After turning back.")
    wallet = serializers.UUIDField(required=False, allow_null=True, default=None, help_text="Empty: the tenant's own.")
    keep_card = serializers.BooleanField(default=False, help_text="Keep the card for automatic top-ups.")


class WebhookAnswer(serializers.Serializer):
    """What became of the event."""

    outcome = serializers.ChoiceField(choices=EventOutcome.choices)


class PaymentViewSet(ResourceViewSet):
    rights = {"create": "billing.buy"}
    idempotency_required = ("create",)

    @extend_schema(
        summary="Buy a package of credits by card",
        description=(
            "Answers with `checkout_url`, where the card is entered. The card pays the package, tax where it is due "
            "now, and the card fee. Repeated with the same key it answers with the same checkout."
        ),
        request=CheckoutForm,
        responses={201: _Payment, **problems(404, 501, 502, 503)},
    )
    def create(self, request: Request) -> Response:
        # Outside of the request's transaction: the provider is called in between.
        values = CheckoutForm.read(request.data)
        wanted = checkout.Wanted(
            package_id=values["package"],
            success_url=values["success_url"],
            cancel_url=values["cancel_url"],
            wallet_id=values["wallet"],
            keep_card=values["keep_card"],
        )
        begun = checkout.start(
            wanted=wanted,
            key=permanent_key(request),
            user=request.user,
            scope=self.access.scope,
            cards=provider(),
            now=timezone.now(),
        )
        with self.access.scope():
            address = f"{request.path}{begun.payment.pk}/"
            answer = self.answer(begun.payment, status.HTTP_201_CREATED, Location=address)
        if begun.replayed:
            answer[REPLAYED] = "true"
        return answer


class AutoTopupViewSet(ResourceViewSet):
    rights = {"create": "billing.update", "destroy": "billing.update"}


class StripeWebhook(LadAPIView):
    """Where Stripe tells of payments. Its signature says that it is Stripe."""

    public = True
    replayable = False

    @extend_schema(
        summary="What Stripe tells of payments",
        description="Called by Stripe alone, signed in `Stripe-Signature`. Anything but 200 is sent again.",
        request={"application/json": {"type": "object"}},
        responses={200: WebhookAnswer, **problems(400, 501)},
        auth=[],
    )
    def post(self, request: Request) -> Response:
        # The signature is over the bytes as they came.
        payload = request._request.body
        outcome = stripe_events.receive(
            payload=payload,
            signature=request.headers.get(SIGNATURE, ""),
            cards=provider(),
            now=timezone.now(),
        )
        return Response(WebhookAnswer({"outcome": outcome}).data)


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
router.route("billing/stripe/webhook/", StripeWebhook.as_view(), name="stripe-webhook")
