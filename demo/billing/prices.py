"""The demo's price list: common prices, those of single tenants, and the packages of credits.

What the installation has a common price for already keeps that: every one has some from the beginning.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from billing.payments.models import CreditPackage
from billing.pricing.models import ANY_MODEL, COMPONENT, Price, PriceScheme
from demo.demo_tenant import DemoTenant

LISTED_DAYS: Final = 400


@dataclass(frozen=True, slots=True)
class ListedPrice:
    """A common price. ``before`` is the earlier price, which ended ``changed`` days ago."""

    category: str
    provider: str
    model: str
    unit: str
    unit_price: str
    description: str
    before: str = ""
    changed: int = 0


LIST: Final = (
    ListedPrice("stt", "openai", "whisper-1", "second", "0.0001", "Transcription of calls"),
    ListedPrice("llm", "openai", "gpt-4", "token", "0.00003", "Conversation in calls", "0.00006", 60),
    ListedPrice("llm", "openai", "gpt-3.5-turbo", "token", "0.000002", "Assistant and summaries"),
    ListedPrice("llm_prompt", "openai_compatible", ANY_MODEL, "token", "0.0000006", "Assistant: what a model reads"),
    ListedPrice("llm_completion", "openai_compatible", ANY_MODEL, "token", "0.0000024", "Assistant: what it writes"),
    ListedPrice("llm_prompt", "anthropic", ANY_MODEL, "token", "0.000003", "Assistant: what a model reads"),
    ListedPrice("llm_completion", "anthropic", ANY_MODEL, "token", "0.000015", "Assistant: what it writes"),
    ListedPrice("tts", "openai", "tts-1", "character", "0.000015", "Voice of the agents"),
    ListedPrice("tts", "openai", "tts-1-hd", "character", "0.00003", "Voice of the agents, high quality"),
    ListedPrice("telephony", "twilio", "voice", "minute", "0.013", "Calls", "0.014", 45),
    ListedPrice("telephony", "twilio", "sms", "message", "0.0075", "Text messages", "0.0079", 45),
    ListedPrice("vm_infrastructure", "runpod", "cpu-basic", "second", "0.0002", "Servers of the agents"),
    ListedPrice("enrichment", "apollo", "contact", "record", "0.02", "Contact data"),
    ListedPrice("enrichment", "apollo", "company", "record", "0.05", "Company data"),
    ListedPrice("enrichment", "apollo", "email", "record", "0.02", "E-mail addresses of people"),
    ListedPrice("enrichment", "apollo", "phone", "record", "0.10", "Mobile numbers of people"),
    ListedPrice("enrichment", "apollo", "company_search", "record", "0.01", "Pages of companies"),
    ListedPrice("messaging", "lad", "email", "message", "0.002", "E-mails of campaigns"),
    ListedPrice("messaging", "lad", "linkedin", "message", "0.01", "LinkedIn actions of campaigns"),
    ListedPrice("messaging", "lad", "instagram", "message", "0.01", "Instagram actions of campaigns"),
    ListedPrice("messaging", "lad", "whatsapp", "message", "0.02", "WhatsApp messages of campaigns"),
    ListedPrice("messaging", "lad", "sms_segment", "message", "0.01", "Segments of text messages of campaigns"),
    ListedPrice("enrichment", "apollo", ANY_MODEL, "record", "0.03", "Any other record"),
)
# Known, but not in force yet.
COMING: Final = ListedPrice("tts", "openai", "tts-1-mini", "character", "0.000011", "Voice of the agents, small")
COMING_IN: Final = timedelta(days=20)
TIERS: Final = [
    {"up_to": "20", "unit_price": "0.018"},
    {"up_to": "40", "unit_price": "0.014"},
    {"up_to": None, "unit_price": "0.011"},
]
# Agreed with single tenants: their slug, component, price and what else there is to it.
AGREED: Final[tuple[tuple[str, str, str, str, str, str, dict[str, Any]], ...]] = (
    ("kestrel-analytics", "telephony", "twilio", "voice", "minute", "0.011", {}),
    (
        "kestrel-analytics",
        "telephony",
        "twilio",
        "sms",
        "message",
        "0.16",
        {"scheme": PriceScheme.PACKAGE, "package_size": Decimal(25)},
    ),
    (
        "brightpath-education",
        "enrichment",
        "apollo",
        "contact",
        "record",
        "0.018",
        {"scheme": PriceScheme.GRADUATED, "tiers": TIERS},
    ),
    ("brightpath-education", "llm", "openai", "gpt-3.5-turbo", "token", "0.0000018", {}),
)
# Key, name, credits, price, and whether it is marked as popular.
PACKAGES: Final = (
    ("starter", "Starter", 1_000, "99", False),
    ("professional", "Professional", 3_000, "199", True),
    ("business", "Business", 12_000, "499", False),
)


def load_shared(now: datetime) -> None:
    """Create the common price list, with past prices and a future one, and the credit packages."""
    listed = now - timedelta(days=LISTED_DAYS)
    rows = []
    known = set(Price.all_objects.filter(tenant=None).values_list(*COMPONENT))
    for entry in LIST:
        if (entry.category, entry.provider, entry.model, entry.unit) in known:
            continue
        since = listed
        if entry.before:
            since = now - timedelta(days=entry.changed)
            rows.append(_price(entry, entry.before, listed, since))
        rows.append(_price(entry, entry.unit_price, since))
    rows.append(_price(COMING, COMING.unit_price, now + COMING_IN))
    withdrawn = _price(LIST[0], "0.001", listed, listed + timedelta(days=1))
    withdrawn.is_active, withdrawn.description = False, "Entered with a zero too few"
    Price.all_objects.bulk_create([*rows, withdrawn])
    CreditPackage.all_objects.bulk_create(
        CreditPackage(key=key, name=name, credits=many, price=Decimal(price), popular=popular, position=place)
        for place, (key, name, many, price, popular) in enumerate(PACKAGES, start=1)
    )


def agreed(demo: DemoTenant) -> None:
    """The prices the tenant pays instead of the common ones."""
    rows = [
        Price(
            **demo.created(demo.ago(days=100)),
            tenant=demo.tenant,
            category=category,
            provider=provider,
            model=model,
            unit=unit,
            unit_price=Decimal(price),
            description="As agreed in the contract",
            effective_from=demo.ago(days=90),
            effective_to=demo.now + timedelta(days=275),
            **more,
        )
        for slug, category, provider, model, unit, price, more in AGREED
        if slug == demo.slug
    ]
    Price.all_objects.bulk_create(rows)


def _price(entry: ListedPrice, unit_price: str, since: datetime, until: datetime | None = None) -> Price:
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
