"""Migrations import nothing that changes, go forwards, back to nothing and forwards again, and take new columns."""

import ast
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from lad.db.sql_files import lad_apps
from tests.support.snapshots import ROOT, migrated_copy, run

MIGRATIONS = sorted(path for config in lad_apps() for path in Path(config.path).glob("migrations/[0-9]*.py"))
FROZEN = re.compile(r"(django(\..+)?|datetime|decimal|uuid|lad\.db\.operations)")

THERE_AND_BACK = """
import django
django.setup()
from django.core.management import call_command
from django.db import connection

def made_by_lad():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
            " AND tablename NOT LIKE 'django%' AND tablename NOT LIKE 'auth%'"
            " UNION ALL SELECT oid::regprocedure::text FROM pg_proc WHERE pronamespace = current_schema()::regnamespace"
        )
        return sorted(name for (name,) in cursor.fetchall())

# The database was migrated from nothing by a process of its own.
first = made_by_lad()
call_command("migrate", "lad", "zero", verbosity=0)
assert made_by_lad() == [], made_by_lad()
call_command("migrate", verbosity=0)
assert made_by_lad() == first
assert "audit_entries" in first and "lad_audit()" in first
print("there and back")
"""

# One process for all three: each would first load LAD and the state of all migrations.
NEW_COLUMN = """
import django
django.setup()
from decimal import Decimal
from django.core.management import call_command
call_command("makemigrations")
call_command("migrate", verbosity=0)

from billing.ledger.models import LedgerTransaction
from lad.tenancy.context import platform_context
from tests.factories.billing import WalletFactory
from tests.factories.tenants import TenantFactory
from billing.ledger.services import ledger

with platform_context():
    tenant = TenantFactory.create()
with platform_context(tenant_id=tenant.pk):
    wallet = WalletFactory.create()
    ledger.topup(wallet=wallet.pk, amount=Decimal(25), key="first")
    [row] = LedgerTransaction.objects.all()
    wallet.refresh_from_db()
    print(row.amount, row.cost_centre, wallet.current_balance)
"""


@pytest.fixture
def address() -> Iterator[str]:
    """A database that ``migrate`` found empty."""
    with migrated_copy() as address:
        yield address


def test_there_are_migrations_to_look_at() -> None:
    assert len(MIGRATIONS) >= 7


@pytest.mark.parametrize("path", MIGRATIONS, ids=lambda path: f"{path.parts[-3]}.{path.stem}")
def test_a_migration_imports_nothing_that_changes(path: Path) -> None:
    live = [name for name in _imports(ast.parse(path.read_text())) if not FROZEN.fullmatch(name)]
    assert not live


def test_migrations_run_forwards_backwards_and_forwards_again(address: str) -> None:
    ended = run(address, "-c", THERE_AND_BACK)
    assert ended.stdout.strip() == "there and back", ended.stderr[-2000:]


def test_a_new_column_of_the_ledger_is_migrated_and_money_still_moves(address: str, tmp_path: Path) -> None:
    copy = tmp_path / "lad"
    ignored = shutil.ignore_patterns(".*", "docs", "clients", "node_modules")
    shutil.copytree(ROOT, copy, ignore=ignored)
    _add_field(copy / "billing", "LedgerTransaction", "cost_centre = models.CharField(max_length=20, null=True)")
    ended = run(address, "-c", NEW_COLUMN, root=copy)
    assert "+ Add field cost_centre to ledgertransaction" in ended.stdout, ended.stderr[-2000:]
    assert ended.stdout.splitlines()[-1].split() == ["25.000000", "None", "25.000000"], ended.stderr[-2000:]


def _imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or "."


def _add_field(package: Path, model: str, declaration: str) -> None:
    """Add a field at the end of the model's class body, before its Meta."""
    [path] = [each for each in package.rglob("*.py") if f"class {model}(" in each.read_text()]
    before, after = path.read_text().split(f"class {model}(")
    assert "    class Meta" in after
    after = after.replace("    class Meta", f"    {declaration}\n\n    class Meta", 1)
    path.write_text(f"{before}class {model}({after}")
