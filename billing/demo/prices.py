"""The demo's price list, and what a component cost at a moment."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from billing.models import ANY_MODEL, Price
from tenants.demo.company import DemoCompany

LISTED_DAYS: Final = 400
MICRO: Final = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class Listed:
    """A common price; ``before`` is what it was until ``changed`` days ago (or will be changed from, if ahead)."""

    category: str
    provider: str
    model: str
    unit: str
    unit_price: str
    description: str
    before: str = ""
    changed: int = 0


LIST: Final = (
    Listed("stt", "openai", "whisper-1", "second", "0.0001", "Transcription of calls"),
    Listed("llm", "openai", "gpt-4", "token", "0.00003", "Conversation in calls", "0.00006", 60),
    Listed("llm", "openai", "gpt-3.5-turbo", "token", "0.000002", "Assistant and summaries"),
    Listed("tts", "openai", "tts-1", "character", "0.000015", "Voice of the agents"),
    Listed("tts", "openai", "tts-1-hd", "character", "0.00003", "Voice of the agents, high quality"),
    Listed("telephony", "twilio", "voice", "minute", "0.013", "Calls", "0.014", 45),
    Listed("telephony", "twilio", "sms", "message", "0.0075", "Text messages", "0.0079", 45),
    Listed("vm_infrastructure", "runpod", "cpu-basic", "second", "0.0002", "Servers of the agents"),
    Listed("enrichment", "apollo", "contact", "record", "0.02", "Contact data"),
    Listed("enrichment", "apollo", "company", "record", "0.05", "Company data"),
    Listed("enrichment", "apollo", ANY_MODEL, "record", "0.03", "Any other record"),
)
# Known, but not in force yet.
COMING: Final = Listed("tts", "openai", "tts-1-mini", "character", "0.000011", "Voice of the agents, small")
COMING_IN: Final = timedelta(days=20)
# Agreed with single companies: their slug, component and price.
AGREED: Final = (
    ("kestrel-analytics", "telephony", "twilio", "voice", "minute", "0.011"),
    ("brightpath-education", "enrichment", "apollo", "contact", "record", "0.016"),
    ("brightpath-education", "llm", "openai", "gpt-3.5-turbo", "token", "0.0000018"),
)


def load_shared(now: datetime) -> None:
    """The common price list, with prices that were and one to come."""
    listed = now - timedelta(days=LISTED_DAYS)
    rows = []
    for entry in LIST:
        since = listed
        if entry.before:
            since = now - timedelta(days=entry.changed)
            rows.append(_price(entry, entry.before, listed, since))
        rows.append(_price(entry, entry.unit_price, since))
    rows.append(_price(COMING, COMING.unit_price, now + COMING_IN))
    withdrawn = _price(LIST[0], "0.001", listed, listed + timedelta(days=1))
    withdrawn.is_active, withdrawn.description = False, "Entered with a zero too few"
    Price.all_objects.bulk_create([*rows, withdrawn])


def agreed(company: DemoCompany) -> None:
    """The prices the company pays instead of the common ones."""
    rows = [
        Price(
            **company.born(company.ago(days=100)),
            tenant=company.tenant,
            category=category,
            provider=provider,
            model=model,
            unit=unit,
            unit_price=Decimal(price),
            description="As agreed in the contract",
            effective_from=company.ago(days=90),
            effective_to=company.now + timedelta(days=275),
        )
        for slug, category, provider, model, unit, price in AGREED
        if slug == company.slug
    ]
    Price.all_objects.bulk_create(rows)


class Quotes:
    """Prices use as the company pays for it: its own price first, else the common one, as of the moment."""

    def __init__(self, prices: Iterable[Price]) -> None:
        own_first = sorted(prices, key=lambda price: price.tenant_id is None)
        self.prices = [price for price in own_first if price.is_active]

    def item(self, component: tuple[str, str, str, str], quantity: Decimal, at: datetime) -> dict[str, Any]:
        """One item of a usage event; its cost is rounded half up to a millionth, once."""
        price = next(
            price
            for price in self.prices
            if (price.category, price.provider, price.model, price.unit) == component and price.holds_at(at)
        )
        category, provider, model, unit = component
        return {
            "category": category,
            "provider": provider,
            "model": model,
            "unit": unit,
            "quantity": f"{quantity:f}",
            "unit_price": f"{price.unit_price:f}",
            "cost": f"{(quantity * price.unit_price).quantize(MICRO, ROUND_HALF_UP):f}",
            "price_id": str(price.pk),
        }


def _price(entry: Listed, unit_price: str, since: datetime, until: datetime | None = None) -> Price:
    return Price(
        category=entry.category,
        provider=entry.provider,
        model=entry.model,
        unit=entry.unit,
        unit_price=Decimal(unit_price),
        description=entry.description,
        effective_from=since,
        effective_to=until,
    )
