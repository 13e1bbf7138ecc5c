"""The demo's card payments: credits bought by the pack, and a few payments that came to nothing."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from billing.invoicing.models import profile_of
from billing.payments.models import AutoTopup, CreditPackage, Payment, PaymentKind, PaymentStatus
from billing.payments.providers.cards import Facts, Refund, Stage
from billing.payments.services import payments, purchases
from demo.billing.purse import Purse
from demo.company import DemoCompany
from lad.db.identifiers import as_of

DECLINED: Final = "Your card has insufficient funds."
NO_ANSWER: Final = "Stripe gave no answer."
# Days ago, and what became of the payment.
ENDED: Final = (
    (75, PaymentStatus.FAILED, DECLINED),
    (41, PaymentStatus.EXPIRED, "The checkout was left."),
)
OPEN: Final = (
    (timedelta(minutes=50), PaymentStatus.PENDING, ""),
    (timedelta(minutes=20), PaymentStatus.UNKNOWN, NO_ANSWER),
    (timedelta(minutes=2), PaymentStatus.CREATED, ""),
)


class Till:
    """Buys credits for one wallet."""

    def __init__(self, company: DemoCompany, purse: Purse) -> None:
        self.company, self.purse = company, purse
        self.profile = profile_of(company.tenant.pk)
        self.paid: list[Payment] = []

    def buy(self, key: str, moment: datetime, *, kind: PaymentKind = PaymentKind.CHECKOUT) -> Payment:
        """Buy a pack at that moment; its receipt comes with the invoices."""
        at = self.purse.at(moment)
        row = self._new(key, at, kind)
        with as_of(at):
            self.paid.append(payments.succeed(payment=row, facts=self._facts(row), now=at))
        return self.paid[-1]

    def refund(self, payment: Payment) -> None:
        """All of it went back to the card."""
        facts = Refund(payment.payment_intent_id, payment.total, payment.currency, payment_id=payment.pk)
        self.paid[self.paid.index(payment)] = payments.refund(payment=payment, facts=facts)

    def fail(self) -> None:
        """The payments that brought nothing, or have not yet."""
        for days, status, reason in ENDED:
            row = self._new("starter", self.company.ago(days=days), PaymentKind.CHECKOUT)
            payments.fail(payment=row, reason=reason, status=status)
        for length, status, reason in OPEN:
            row = self._new("starter", self.company.now - length, PaymentKind.CHECKOUT)
            Payment.objects.filter(pk=row.pk).update(status=status, error=reason)

    def keep_card(self, threshold: Decimal) -> None:
        """Have the wallet topped up by itself from now on."""
        rule = AutoTopup(
            **self.company.born(self.company.ago(days=60)),
            tenant=self.company.tenant,
            wallet=self.purse.wallet,
            is_enabled=True,
            threshold=threshold,
            package=_package("starter"),
            customer_id=f"cus_demo_{self.company.slug}",
            payment_method_id=f"pm_demo_{self.company.slug}",
        )
        rule.save(force_insert=True)

    def _new(self, key: str, at: datetime, kind: PaymentKind) -> Payment:
        package = _package(key)
        terms = purchases.package_terms(package, wallet=self.purse.wallet, profile=self.profile)
        values: dict[str, Any] = {"package": package, **self.company.born(at)}
        if kind == PaymentKind.CHECKOUT:
            values |= {"user": self.company.owner, "checkout_session_id": f"cs_demo_{values['id'].hex}"}
        row = purchases.new(
            terms=terms,
            wallet=self.purse.wallet,
            kind=kind,
            key=f"demo_{values['id']}",
            payment_intent_id=f"pi_demo_{values['id'].hex}",
            **values,
        )
        row.save(force_insert=True)
        return row

    def _facts(self, row: Payment) -> Facts:
        return Facts(
            stage=Stage.PAID,
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
