"""The default credit packages."""

from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Final

from django.db import transaction

from billing.money import DEFAULT_CURRENCY, is_payable, not_payable
from billing.payments.models import CreditPackage
from lad import writes
from lad.errors import Invalid
from lad.types import Actor, Values


@dataclass(frozen=True, slots=True)
class DefaultPackage:
    """A common package, priced in US dollars."""

    key: str
    name: str
    credits: int
    price: Decimal
    popular: bool = False


DEFAULT_PACKAGES: Final = (
    DefaultPackage("starter", "Starter", 1_000, Decimal(99)),
    DefaultPackage("professional", "Professional", 3_000, Decimal(199), popular=True),
    DefaultPackage("business", "Business", 12_000, Decimal(499)),
    DefaultPackage("enterprise", "Enterprise", 30_000, Decimal(999)),
)


class CreditPackageWriter(writes.Writer[CreditPackage]):
    """Requires a price that can be paid in the package's currency."""

    def prepare(self, row: CreditPackage | None, values: Values, *, actor: Actor) -> Values:
        price = values.get("price", row.price if row else None)
        currency = values.get("currency", row.currency if row else DEFAULT_CURRENCY)
        if isinstance(price, Decimal) and isinstance(currency, str) and not is_payable(price, currency):
            raise Invalid(errors={"price": [not_payable(currency)]})
        return values


@transaction.atomic
def load_defaults() -> int:
    """Create the default packages whose keys are missing and return how many. Call it as the platform."""
    known = set(CreditPackage.objects.filter(tenant__isnull=True).values_list("key", flat=True))
    missing = [
        CreditPackage(tenant=None, position=position, **asdict(each))
        for position, each in enumerate(DEFAULT_PACKAGES, start=1)
        if each.key not in known
    ]
    return len(CreditPackage.objects.bulk_create(missing))


writes.register(CreditPackage, CreditPackageWriter)
