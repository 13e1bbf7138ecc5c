"""Run the same work in one checkout of LAD, on request: the other end of benchmarks/compare.py.

Started with the checkout as working directory. Starts servers of its own, loads the demo data and then
answers each line on standard input by doing every piece of work once and printing the seconds as JSON.
"""

import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Callable
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

PASSWORD: Final = "only-for-this-benchmark"
POSTINGS: Final = 60
REPEATS: Final = 3
API_LISTS: Final = (
    "leads",
    "lead-notes",
    "campaigns",
    "voice-call-logs",
    "billing-ledger-transactions",
    "domain-events",
)
# Table names: the label of an app's admin address may differ between checkouts.
ADMIN_LISTS: Final = ("leads", "campaigns", "voice_call_logs", "billing_ledger_transactions", "domain_events")


def module(*names: str) -> Any:
    """Import the first module that exists. The same code has different paths in different checkouts."""
    for name in names:
        try:
            return import_module(name)
        except ModuleNotFoundError:
            continue
    raise SystemExit(f"None of {', '.join(names)} is here.")


def manage(*command: str) -> None:
    access = {"LAD_DATABASE_ACCESS": "owner"} if command[0] == "migrate" else {}
    environment = {**os.environ, **access}
    subprocess.run(
        [sys.executable, "-W", "ignore", "manage.py", *command], env=environment, check=True, stdout=sys.stderr
    )


def prepare(directory: Path, stack: Any) -> None:
    """Start the servers, load the demo data and set Django up."""
    servers = stack.enter_context(
        module("tools.runtime.servers", "lad.runtime.servers").embedded_servers(directory, durable=False)
    )
    os.environ.update(
        servers.environment(),
        LAD_HOME=str(directory),
        LAD_DEMO_PASSWORD=PASSWORD,
        SECRET_KEY=secrets.token_hex(32),
        FIELD_ENCRYPTION_KEYS=module("cryptography.fernet").Fernet.generate_key().decode(),
        JWT_SIGNING_KEYS=secrets.token_hex(32),
        DJANGO_SETTINGS_MODULE="lad.settings",
        DB_POOL="false",
        LOG_LEVEL="ERROR",
        THROTTLE_API="1000000/min",
        ALLOWED_HOSTS="testserver",
    )
    manage("migrate", "-v0", "--skip-checks")
    manage("demo", "--skip-checks")
    manage("demo", "--skip-checks", "--scale", "2000")
    import django

    django.setup()
    from django.core.management import call_command

    (directory / "static").mkdir(exist_ok=True)
    call_command("collectstatic", verbosity=0, interactive=False)


class Work:
    """The pieces of work, each a method without arguments."""

    def __init__(self) -> None:
        from django.apps import apps
        from django.db import connection
        from django.test import Client

        from lad.tenancy.context import platform_context

        self.connection = connection
        self.platform = platform_context
        self.ledger = module("billing.ledger.services.ledger", "billing.services.ledger")
        auditing = module("billing.audit.services", "billing.audit.proof")
        self.audit_ledger = getattr(auditing, "audit_ledger", None) or auditing.prove
        self.models: dict[str, Any] = {model._meta.db_table: model for model in apps.get_models()}
        with platform_context():
            user = self.models["users"].objects.get(email="owner@scale-01.example")
            root = self.models["users"].objects.filter(is_superuser=True).first()
            self.tenant_id = user.primary_tenant_id
        with platform_context(tenant_id=self.tenant_id):
            self.wallet = self.models["billing_wallets"].objects.filter(user=None).first()
            self.lead = self.models["leads"].objects.order_by("pk").first()
        self.admin = Client()
        self.admin.force_login(root)
        tokens = module("tenants.accounts.tokens", "tenants.tokens")
        token = tokens.issue_access_token(user=user, tenant_id=self.tenant_id)
        self.api = Client(headers={"authorization": f"Bearer {token}"})
        self.turn = 0

    def pieces(self) -> dict[str, Callable[[], None]]:
        return {
            "ledger: top-ups": lambda: self.post(self.ledger.topup),
            "ledger: debits": lambda: self.post(self.ledger.debit),
            "ledger: audit": self.audit_ledger,
            "pages: API lists": lambda: self.get_all(self.api, [f"/api/v1/{name}/" for name in API_LISTS]),
            "pages: one lead, API": lambda: self.get_all(
                self.api, [f"/api/v1/leads/{self.lead.pk}/?include=notes"] * 6
            ),
            "pages: admin lists": lambda: self.get_all(self.admin, [self.changelist(name) for name in ADMIN_LISTS]),
            "pages: change a lead": self.patch,
            "audit: one row, 100 times": lambda: self.update_rows(100, one_by_one=True),
            "audit: 1,000 rows at once": lambda: self.update_rows(1000, one_by_one=False),
        }

    def post(self, operation: Callable[..., Any]) -> None:
        with self.platform(tenant_id=self.tenant_id):
            for _ in range(POSTINGS):
                operation(wallet=self.wallet.pk, amount=Decimal("0.01"), key=str(uuid4()))

    def changelist(self, table: str) -> str:
        from django.urls import reverse

        options = self.models[table]._meta
        return reverse(f"admin:{options.app_label}_{options.model_name}_changelist")

    def get_all(self, client: Any, addresses: list[str]) -> None:
        for address in addresses * REPEATS:
            response = client.get(address)
            if response.status_code != 200:
                raise SystemExit(f"{address} answers {response.status_code}: {response.content[:300]!r}")

    def patch(self) -> None:
        for _ in range(5 * REPEATS):
            self.turn += 1
            body = {"title": f"Turn {self.turn}"}
            response = self.api.patch(f"/api/v1/leads/{self.lead.pk}/", body, content_type="application/json")
            if response.status_code != 200:
                raise SystemExit(f"PATCH answers {response.status_code}: {response.content[:300]!r}")

    def update_rows(self, count: int, *, one_by_one: bool) -> None:
        with self.platform(tenant_id=self.tenant_id), self.connection.cursor() as cursor:
            cursor.execute("SELECT id FROM leads WHERE tenant_id = %s ORDER BY id LIMIT %s", [self.tenant_id, count])
            keys = [key for (key,) in cursor.fetchall()]
            for batch in [[key] for key in keys] if one_by_one else [keys]:
                cursor.execute("UPDATE leads SET priority = (priority + 1) %% 5 WHERE id = ANY (%s)", [batch])


def main() -> None:
    from contextlib import ExitStack

    sys.path.insert(0, str(Path.cwd()))
    with ExitStack() as stack:
        prepare(Path(sys.argv[1]), stack)
        pieces = Work().pieces()
        for work in pieces.values():
            work()
        print(json.dumps({"ready": True}), flush=True)
        for _line in sys.stdin:
            seconds = {}
            for name, work in pieces.items():
                started = time.perf_counter()
                work()
                seconds[name] = time.perf_counter() - started
            print(json.dumps(seconds), flush=True)


if __name__ == "__main__":
    main()
