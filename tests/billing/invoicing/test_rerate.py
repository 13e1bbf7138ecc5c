"""The oracle reproduces every invoice of the demo, and notices when one digit is another."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import environ
import pytest
from django.db import connection
from django.utils import timezone

from billing.invoicing.models import Invoice, InvoiceKind
from demo import billing as demo
from demo import load
from lad.tenancy.context import platform_context
from tests.conftest import superuser_connection
from tests.factories.tenants import PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)

ROOT = Path(__file__).resolve().parents[3]
OF_THE_BIGGEST = "id = (SELECT id FROM billing_invoices WHERE kind = 'usage' ORDER BY total DESC LIMIT 1)"
LAST_CHARGED = """e.id = (SELECT u.id FROM billing_usage_events u JOIN billing_invoices i ON i.tenant_id = u.tenant_id
    WHERE u.status = 'charged' AND i.kind = 'usage' AND u.charged_at >= i.period_start
    AND u.charged_at < i.period_end AND u.total_cost > 0 ORDER BY u.charged_at DESC LIMIT 1)"""
AN_ITEM = "(e.usage_items #>> '{0,quantity}')::numeric"
A_LINE = "(line_items #>> '{0,amount}')::numeric"
# What is changed by one digit: ~ is + to change it and - to put it right again.
DIGITS = {
    "an amount of a line": "UPDATE billing_invoices"
    f" SET line_items = jsonb_set(line_items, '{{0,amount}}', to_jsonb(({A_LINE} ~ 0.000001)::text))"
    f" WHERE {OF_THE_BIGGEST}",
    "a tax": "UPDATE billing_invoices SET tax = tax ~ 0.01, total = total ~ 0.01 WHERE id ="
    " (SELECT id FROM billing_invoices WHERE kind = 'usage' AND tax > 0.01 ORDER BY id LIMIT 1)",
    "a quantity that was used": "UPDATE billing_usage_events e"
    f" SET usage_items = jsonb_set(e.usage_items, '{{0,quantity}}', to_jsonb(({AN_ITEM} ~ 1)::text))"
    f" WHERE {LAST_CHARGED}",
    "a price": "UPDATE billing_pricing_catalog SET unit_price = unit_price ~ 0.0000000001"
    " WHERE category = 'stt' AND is_active AND effective_to IS NULL",
    "a debit": "UPDATE billing_ledger_transactions l"
    " SET amount = l.amount ~ 0.000001, balance_after = l.balance_after ~ 0.000001"
    f" FROM billing_usage_events e WHERE e.ledger_transaction_id = l.id AND {LAST_CHARGED}",
}


@pytest.fixture
def companies(monkeypatch: pytest.MonkeyPatch) -> None:
    """The demo's companies with billing's data and no other's, committed."""
    monkeypatch.setattr(load, "app_modules", lambda name: iter([demo] if name == "demo" else []))
    load.load(password=PASSWORD, now=timezone.now(), beside_others=True)


def rerate(*arguments: str) -> subprocess.CompletedProcess[str]:
    database = environ.Env().db_url("DATABASE_URL")
    url = f"postgresql://{database['USER']}@/{connection.settings_dict['NAME']}?host={database['OPTIONS']['host']}"
    command = [sys.executable, "benchmarks/rerate.py", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env={**os.environ, "DATABASE_URL": url}, capture_output=True, text=True, timeout=60
    )


def change(statement: str) -> None:
    with superuser_connection() as superuser:
        superuser.execute("SET session_replication_role = replica")
        assert superuser.execute(statement).rowcount == 1


def test_every_invoice_of_the_demo_is_reproduced_and_one_digit_is_noticed(companies: Any) -> None:
    with platform_context():
        count = Invoice.objects.filter(kind=InvoiceKind.USAGE).exclude(status="voided").count()
    told = rerate()
    assert told.returncode == 0, told.stdout + told.stderr
    assert told.stdout.count("the same") == count > 3
    for what, statement in DIGITS.items():
        change(statement.replace("~", "+"))
        told = rerate()
        assert told.returncode == 1, f"{what} was changed unnoticed:\n{told.stdout}{told.stderr}"
        assert "DIFFERS" in told.stdout
        change(statement.replace("~", "-"))
    assert rerate().returncode == 0
    assert rerate("--month", "1999-01").returncode == 1, "nothing was rated, and all was well"
