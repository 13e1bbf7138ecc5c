"""What is bought, and what the card pays for it: the price, tax where it is due now, and the card fee."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from django.conf import settings

from billing import money as amounts
from billing.invoicing.models import BillingProfile, TaxPoint
from billing.ledger.models import Wallet
from billing.payments.models import CreditPackage, Payment, PaymentKind
from billing.payments.providers.cards import Line, Order, smallest_unit
from lad.errors import Conflict, Invalid

FEE: Final = "Card fee"


class CurrencyMismatch(Conflict):
    """The package is sold in another currency than the wallet holds."""

    code = "currency_mismatch"


@dataclass(frozen=True, slots=True)
class Terms:
    """What is bought and what the card pays for it, all in ``currency``."""

    description: str
    credits: Decimal
    amount: Decimal
    price: Decimal
    currency: str
    tax: Decimal
    tax_name: str
    tax_rate: Decimal
    fee: Decimal

    @property
    def total(self) -> Decimal:
        return self.price + self.tax + self.fee


def package_terms(package: CreditPackage, *, wallet: Wallet, profile: BillingProfile) -> Terms:
    """A package for a wallet. Raises CurrencyMismatch."""
    if package.currency != wallet.currency:
        raise CurrencyMismatch(f"{package} is sold in {package.currency}, and the wallet holds {wallet.currency}.")
    count = Decimal(package.credits)
    description = f"{package.name}: {package.credits:,} credits"
    return _terms(description, count, package.price, wallet.currency, profile)


def amount_terms(amount: Decimal, *, wallet: Wallet, profile: BillingProfile) -> Terms:
    """An amount for a wallet, one for one."""
    price = _payable(amount, wallet.currency)
    count = amounts.to_line(price / settings.BILLING_CREDIT_VALUE)
    return _terms(f"{amounts.plain(count)} credits", count, price, wallet.currency, profile)


def card_fee(net: Decimal, currency: str) -> Decimal:
    """What the card pays on top, so that ``net`` remains when the provider has taken its share of the whole."""
    total = (net + settings.BILLING_CARD_FEE_FIXED) / (1 - settings.BILLING_CARD_FEE_RATE)
    return _payable(total, currency) - net


def new(*, terms: Terms, wallet: Wallet, kind: PaymentKind, key: str, **values: Any) -> Payment:
    """A payment under these terms, not yet saved."""
    return Payment(
        tenant_id=wallet.tenant_id,
        wallet=wallet,
        kind=kind,
        idempotency_key=key,
        description=terms.description,
        credits=terms.credits,
        amount=terms.amount,
        price=terms.price,
        tax=terms.tax,
        tax_name=terms.tax_name,
        tax_rate=terms.tax_rate,
        fee=terms.fee,
        total=terms.total,
        currency=terms.currency,
        **values,
    )


def order_of(payment: Payment) -> Order:
    """The payment as the provider is asked for it: the same at every repetition."""
    lines = [
        Line(payment.description, payment.price),
        Line(f"{payment.tax_name} {amounts.plain(payment.tax_rate * 100)} %", payment.tax),
        Line(FEE, payment.fee),
    ]
    return Order(payment.pk, payment.tenant_id, payment.currency, [line for line in lines if line.amount])


def _terms(description: str, count: Decimal, price: Decimal, currency: str, profile: BillingProfile) -> Terms:
    price = _payable(price, currency)
    if price <= 0:
        raise Invalid("This costs less than a card can pay.")
    taxed = profile.tax_point == TaxPoint.PURCHASE and profile.tax_rate > 0
    rate = profile.tax_rate if taxed else Decimal(0)
    tax = _payable(price * rate, currency)
    return Terms(
        description=description,
        credits=count,
        amount=amounts.to_line(count * settings.BILLING_CREDIT_VALUE),
        price=price,
        currency=currency,
        tax=tax,
        tax_name=profile.tax_name if taxed else "",
        tax_rate=rate,
        fee=card_fee(price + tax, currency),
    )


def _payable(amount: Decimal, currency: str) -> Decimal:
    """The amount in what a card can pay, half up."""
    return amount.quantize(smallest_unit(currency), ROUND_HALF_UP)
