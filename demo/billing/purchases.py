"""Demo card payments: purchased packages, and a few failed and open payments."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from billing.invoicing.models import profile_of
from billing.payments.models import AutoTopup, CreditPackage, Payment, PaymentKind, PaymentStatus
from billing.payments.providers.cards import PaymentFacts, PaymentStage, RefundFacts
from billing.payments.services import payments, purchases
from demo.billing.demo_wallet import DemoWallet
from demo.demo_tenant import DemoTenant
from lad.db.identifiers import as_of

DECLINED: Final = "Your card has insufficient funds."
NO_ANSWER: Final = "Stripe gave no answer."
# Age in days, final status and error.
ENDED: Final = (
    (75, PaymentStatus.FAILED, DECLINED),
    (41, PaymentStatus.EXPIRED, "The checkout was abandoned."),
)
OPEN: Final = (
    (timedelta(minutes=50), PaymentStatus.PENDING, ""),
    (timedelta(minutes=20), PaymentStatus.UNKNOWN, NO_ANSWER),
    (timedelta(minutes=2), PaymentStatus.CREATED, ""),
)


class CardPurchases:
    """Buys credits by card for one wallet."""

    def __init__(self, demo: DemoTenant, demo_wallet: DemoWallet) -> None:
        self.demo, self.demo_wallet = demo, demo_wallet
        self.profile = profile_of(demo.tenant.pk)
        self.paid: list[Payment] = []

    def buy(self, key: str, moment: datetime, *, kind: PaymentKind = PaymentKind.CHECKOUT) -> Payment:
        """Buy a package at that time. Its receipt is written with the invoices."""
        at = self.demo_wallet.at(moment)
        row = self._new(key, at, kind)
        with as_of(at):
            self.paid.append(payments.succeed(payment=row, facts=self._facts(row), now=at))
        return self.paid[-1]

    def refund(self, payment: Payment) -> None:
        """Refund the payment in full."""
        facts = RefundFacts(payment.payment_intent_id, payment.total, payment.currency, payment_id=payment.pk)
        self.paid[self.paid.index(payment)] = payments.refund(payment=payment, facts=facts)

    def fail(self) -> None:
        """Create failed, expired and open payments."""
        for days, status, reason in ENDED:
            row = self._new("starter", self.demo.ago(days=days), PaymentKind.CHECKOUT)
            payments.fail(payment=row, reason=reason, status=status)
        for length, status, reason in OPEN:
            row = self._new("starter", self.demo.now - length, PaymentKind.CHECKOUT)
            Payment.objects.filter(pk=row.pk).update(status=status, error=reason)

    def keep_card(self, threshold: Decimal) -> None:
        """Enable automatic top-ups of the wallet."""
        rule = AutoTopup(
            **self.demo.created(self.demo.ago(days=60)),
            tenant=self.demo.tenant,
            wallet=self.demo_wallet.wallet,
            is_enabled=True,
            threshold=threshold,
            package=_package("starter"),
            customer_id=f"cus_demo_{self.demo.slug}",
            payment_method_id=f"pm_demo_{self.demo.slug}",
        )
        rule.save(force_insert=True)

    def _new(self, key: str, at: datetime, kind: PaymentKind) -> Payment:
        package = _package(key)
        terms = purchases.package_terms(package, wallet=self.demo_wallet.wallet, profile=self.profile)
        values: dict[str, Any] = {"package": package, **self.demo.created(at)}
        if kind == PaymentKind.CHECKOUT:
            values |= {"user": self.demo.owner, "checkout_session_id": f"cs_demo_{values['id'].hex}"}
        row = purchases.new_payment(
            terms=terms,
            wallet=self.demo_wallet.wallet,
            kind=kind,
            key=f"demo_{values['id']}",
            payment_intent_id=f"pi_demo_{values['id'].hex}",
            **values,
        )
        row.save(force_insert=True)
        return row

    def _facts(self, row: Payment) -> PaymentFacts:
        return PaymentFacts(
            stage=PaymentStage.PAID,
            total=row.total,
            currency=row.currency,
            payment_id=row.pk,
            tenant_id=row.tenant_id,
            session_id=row.checkout_session_id,
            intent_id=row.payment_intent_id,
        )


def _package(key: str) -> CreditPackage:
    row: CreditPackage = CreditPackage.objects.get(key=key, tenant__isnull=True)
    return row
