"""A fresh installation sells what it finds, and gives nothing of it away."""

from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings

from billing import migrations
from leads.companies import charging
from tests.support.database import superuser_connection
from tests.support.snapshots import migrated, superuser_of
from voice.carriers.providers import carriers
from voice.charging.components import Payee, expected

COMMON = """
SELECT category, provider, model, unit, unit_price FROM billing_pricing_catalog
WHERE tenant_id IS NULL AND is_active AND effective_from < now() AND effective_to IS NULL
"""
STANDARD = {
    ("enrichment", "apollo", "email", "record"): Decimal("0.02"),
    ("enrichment", "apollo", "phone", "record"): Decimal("0.10"),
    ("enrichment", "apollo", "company_search", "record"): Decimal("0.01"),
    ("llm_prompt", "openai_compatible", "*", "token"): Decimal("0.0000006"),
    ("llm_completion", "openai_compatible", "*", "token"): Decimal("0.0000024"),
    ("llm_prompt", "anthropic", "*", "token"): Decimal("0.000003"),
    ("llm_completion", "anthropic", "*", "token"): Decimal("0.000015"),
}
CALLS = {
    ("telephony", "livekit", "*", "second"): Decimal("0.00025"),
    ("stt", "livekit", "*", "second"): Decimal("0.00015"),
    ("llm_prompt", "livekit", "*", "token"): Decimal("0.0000006"),
    ("llm_completion", "livekit", "*", "token"): Decimal("0.0000024"),
    ("tts", "livekit", "*", "character"): Decimal("0.00004"),
    ("vm_infrastructure", "livekit", "*", "second"): Decimal("0.0001"),
    ("telephony", "vapi", "*", "second"): Decimal("0.00025"),
    ("stt", "vapi", "*", "second"): Decimal("0.00017"),
    ("llm_prompt", "vapi", "*", "token"): Decimal("0.0000006"),
    ("llm_completion", "vapi", "*", "token"): Decimal("0.0000024"),
    ("tts", "vapi", "*", "character"): Decimal("0.00004"),
    ("vm_infrastructure", "vapi", "*", "second"): Decimal("0.0009"),
}


def common(database: psycopg.Connection[Any]) -> dict[tuple[str, ...], Decimal]:
    return {tuple(row[:4]): row[4] for row in database.execute(COMMON)}


def the_list() -> str:
    """Return what the migration runs."""
    return "".join(
        str(import_module(f"billing.migrations.{module.stem}").LIST)
        for name in ("standard", "call")
        for module in Path(migrations.__path__[0]).glob(f"*_{name}_prices.py")
    )


def test_a_fresh_installation_has_the_standard_prices() -> None:
    with superuser_of(migrated(), search_path=settings.DB_SCHEMA) as database:
        assert common(database) == STANDARD | CALLS


def test_what_an_installation_has_decided_stays(db: None) -> None:
    with superuser_connection() as database, database.transaction(force_rollback=True):
        add = (
            "INSERT INTO billing_pricing_catalog (category, provider, model, unit, unit_price, effective_from,"
            " effective_to) VALUES ('enrichment', 'apollo', %s, 'record', 7, '2025-01-01', %s)"
        )
        database.execute(add, ["email", None])
        # A price that has ended was withdrawn by somebody.
        database.execute(add, ["phone", "2026-02-01"])
        for _time in range(2):
            database.execute(the_list())
            expected = {**STANDARD, **CALLS, ("enrichment", "apollo", "email", "record"): Decimal(7)}
            del expected["enrichment", "apollo", "phone", "record"]
            assert common(database) == expected


def test_every_component_of_finding_people_has_a_standard_price() -> None:
    components = {charging.item(each).key for each in (charging.EMAIL, charging.PHONE, charging.COMPANY_SEARCH)}
    assert components == {key for key in STANDARD if key[0] == "enrichment"}


def test_every_component_of_a_call_has_a_standard_price_at_every_carrier() -> None:
    items = [item for each in carriers for use in expected(Payee(each.key), 60) for item in use.items]
    assert {(item.category, item.provider, "*", item.unit) for item in items} == set(CALLS)
