"""The packages that credits are sold in from the beginning."""

from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Final

from django.db import transaction

from billing.payments.models import CreditPackage


@dataclass(frozen=True, slots=True)
class Default:
    """One package for everybody, in US dollars."""

    key: str
    name: str
    credits: int
    price: Decimal
    popular: bool = False


DEFAULTS: Final = (
    Default("starter", "Starter", 1_000, Decimal(99)),
    Default("professional", "Professional", 3_000, Decimal(199), popular=True),
    Default("business", "Business", 12_000, Decimal(499)),
    # Was once sold with no more credits than Business, at twice its price.
    Default("enterprise", "Enterprise", 30_000, Decimal(999)),
)


@transaction.atomic
def load_defaults() -> int:
    """Make those of the default packages that are missing, by their keys; returns how many. Called as the platform."""
    known = set(CreditPackage.objects.filter(tenant__isnull=True).values_list("key", flat=True))
    missing = [
        CreditPackage(tenant=None, position=position, **asdict(each))
        for position, each in enumerate(DEFAULTS, start=1)
        if each.key not in known
    ]
    return len(CreditPackage.objects.bulk_create(missing))
