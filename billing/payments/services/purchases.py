"""Work out the terms of a purchase: the price, the tax if it is due now, and the card fee."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from django.conf import settings

from billing import money
from billing.invoicing.models import BillingProfile, TaxPoint
from billing.ledger.models import Wallet
from billing.payments.models import CreditPackage, Payment, PaymentKind
from billing.payments.providers.cards import Order, OrderLine, smallest_unit
from lad.errors import Conflict, Invalid

FEE: Final = "Card fee"


class CurrencyMismatch(Conflict):
    """The package is sold in a different currency than the wallet holds."""

    code = "currency_mismatch"


@dataclass(frozen=True, slots=True)
class PurchaseTerms:
    """A purchase and the amount that the card pays, all in ``currency``."""

    description: str
    credits: Decimal
    amount: Decimal
    price: Decimal
    currency: str
    tax: Decimal
    tax_name: str
    tax_rate: Decimal
    tax_point: str
    fee: Decimal

    @property
    def total(self) -> Decimal:
        return self.price + self.tax + self.fee


def package_terms(package: CreditPackage, *, wallet: Wallet, profile: BillingProfile) -> PurchaseTerms:
    """Return the terms of buying a package for a wallet. Raises CurrencyMismatch."""
    if package.currency != wallet.currency:
        raise CurrencyMismatch(f"{package} is sold in {package.currency}, but the wallet holds {wallet.currency}.")
    count = Decimal(package.credits)
    description = f"{package.name}: {package.credits:,} credits"
    return _terms(description, count, package.price, wallet.currency, profile)


def amount_terms(amount: Decimal, *, wallet: Wallet, profile: BillingProfile) -> PurchaseTerms:
    """Return the terms of paying an amount into a wallet, one for one."""
    price = _payable(amount, wallet.currency)
    count = money.round_amount(price / settings.BILLING_CREDIT_VALUE)
    return _terms(f"{money.plain(count)} credits", count, price, wallet.currency, profile)


def card_fee(net: Decimal, currency: str) -> Decimal:
    """Return the fee to add, so that ``net`` remains after the provider deducts its share of the total."""
    total = (net + settings.BILLING_CARD_FEE_FIXED) / (1 - settings.BILLING_CARD_FEE_RATE)
    return _payable(total, currency) - net


def new_payment(*, terms: PurchaseTerms, wallet: Wallet, kind: PaymentKind, key: str, **values: Any) -> Payment:
    """Return an unsaved payment under these terms."""
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
        tax_point=terms.tax_point,
        fee=terms.fee,
        total=terms.total,
        currency=terms.currency,
        **values,
    )


def order_of(payment: Payment) -> Order:
    """Return the payment as an order for the provider, identical at every repetition."""
    lines = [
        OrderLine(payment.description, payment.price),
        OrderLine(f"{payment.tax_name} {money.plain(payment.tax_rate * 100)} %", payment.tax),
        OrderLine(FEE, payment.fee),
    ]
    return Order(payment.pk, payment.tenant_id, payment.currency, [line for line in lines if line.amount])


def _terms(description: str, count: Decimal, price: Decimal, currency: str, profile: BillingProfile) -> PurchaseTerms:
    price = _payable(price, currency)
    if price <= 0:
        raise Invalid("The amount is below the smallest card payment.")
    taxed = profile.tax_point == TaxPoint.PURCHASE and profile.tax_rate > 0
    rate = profile.tax_rate if taxed else Decimal(0)
    tax = _payable(price * rate, currency)
    return PurchaseTerms(
        description=description,
        credits=count,
        amount=money.round_amount(count * settings.BILLING_CREDIT_VALUE),
        price=price,
        currency=currency,
        tax=tax,
        tax_name=profile.tax_name if taxed else "",
        tax_rate=rate,
        tax_point=profile.tax_point,
        fee=card_fee(price + tax, currency),
    )


def _payable(amount: Decimal, currency: str) -> Decimal:
    """Round the amount half up to the smallest unit a card can pay."""
    return amount.quantize(smallest_unit(currency), ROUND_HALF_UP)
