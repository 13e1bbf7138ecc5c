"""The default credit packages."""

from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Final

from django.db import transaction

from billing.payments.models import CreditPackage


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
