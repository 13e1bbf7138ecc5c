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


def common(database: psycopg.Connection[Any]) -> dict[tuple[str, ...], Decimal]:
    return {tuple(row[:4]): row[4] for row in database.execute(COMMON)}


def the_list() -> str:
    """Return what the migration runs."""
    [module] = Path(migrations.__path__[0]).glob("*_standard_prices.py")
    return str(import_module(f"billing.migrations.{module.stem}").LIST)


def test_a_fresh_installation_has_the_standard_prices() -> None:
    with superuser_of(migrated(), search_path=settings.DB_SCHEMA) as database:
        assert common(database) == STANDARD


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
            expected = {**STANDARD, ("enrichment", "apollo", "email", "record"): Decimal(7)}
            del expected["enrichment", "apollo", "phone", "record"]
            assert common(database) == expected


def test_every_component_of_finding_people_has_a_standard_price() -> None:
    components = {charging.item(each).key for each in (charging.EMAIL, charging.PHONE, charging.COMPANY_SEARCH)}
    assert components == {key for key in STANDARD if key[0] == "enrichment"}
