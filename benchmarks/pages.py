"""Measure the lists of the biggest tables with few rows and with many: python benchmarks/pages.py

    python benchmarks/pages.py [--small 10000] [--big 1000000] [--rounds 15] [--directory DIR] [--limit 1.5]

Starts embedded servers, fills two databases with ``manage.py demo --scale`` and requests the same pages
from both through Django's test client: the admin's lists, search and filters as superuser and as staff of
the tenant that owns half of all rows, and the API's lists as that tenant's owner. Prints queries and median
milliseconds. Exits 1 if a page takes more than ten queries, or with ``--limit`` if it takes that many times
longer with many rows.
"""

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from demo_databases import Database, fill, servers_in

TABLES = 10
MAX_QUERIES = 10
# Tables that only record changes of other tables.
EXCLUDED_TABLES = ("audit_entries", "event_deliveries", "domain_events", "activity_entries")
BOUNDARIES = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE")


@dataclass
class Page:
    """A page of one table, requested from both databases."""

    table: str
    kind: str
    caller: str
    address: Callable[[], str]
    queries: int = 0
    times: dict[str, list[float]] = field(default_factory=dict)

    def median(self, name: str) -> float:
        return statistics.median(self.times[name]) * 1000

    @property
    def ratio(self) -> float:
        small, big = self.times.values()
        return statistics.median(b / s for s, b in zip(small, big, strict=True))


class PageBenchmark:
    """Both databases, of which one is current, and the clients that request pages."""

    def __init__(self, databases: list[Database]) -> None:
        from django.db import connections

        self.databases = databases
        self._wrappers = {}
        for each in databases:
            wrapper = connections.create_connection("default")
            wrapper.settings_dict = {**wrapper.settings_dict, "NAME": each.name}
            self._wrappers[each.name] = wrapper
        self._clients: dict[tuple[str, str], Any] = {}

    def enter(self, database: Database) -> None:
        """Make the database the current one."""
        from django.db import connections

        connections["default"] = self._wrappers[database.name]
        self.current = database

    def client(self, caller: str) -> Any:
        """Return the client of a caller: ``root`` and ``staff`` use the admin, ``owner`` the API."""
        from django.test import Client
        from rest_framework.test import APIClient

        from tenants.accounts.tokens import issue_access_token

        if caller == "owner":
            owner, tenant_id = self._owner()
            return APIClient(HTTP_AUTHORIZATION=f"Bearer {issue_access_token(user=owner, tenant_id=tenant_id)}")
        key = self.current.name, caller
        if key not in self._clients:
            client = self._clients[key] = Client()
            client.force_login(self._owner()[0] if caller == "staff" else self._root())
        return self._clients[key]

    def _owner(self) -> tuple[Any, Any]:
        from demo.scale import SLUG
        from lad.tenancy.context import platform_context
        from tenants.accounts.models import User

        with platform_context():
            user = User.objects.get(email=f"owner@{SLUG}01.example")
        return user, user.primary_tenant_id

    def _root(self) -> Any:
        from demo.load import ADMIN_EMAIL
        from lad.tenancy.context import platform_context
        from tenants.accounts.models import User

        with platform_context():
            return User.objects.get(email=ADMIN_EMAIL)

    @property
    def tenant_id(self) -> Any:
        return self._owner()[1]

    def get(self, page: Page) -> float:
        """Request the page and return the seconds it took."""
        client, address = self.client(page.caller), page.address()
        started = time.perf_counter()
        response = client.get(address)
        response.content  # noqa: B018  (renders the response)
        took = time.perf_counter() - started
        if response.status_code != 200:
            raise SystemExit(f"{address} answers {response.status_code}: {response.content[:300]!r}")
        return took

    def queries(self, page: Page) -> int:
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        with CaptureQueriesContext(connection) as captured:
            self.get(page)
        return sum(1 for each in captured if not each["sql"].startswith(BOUNDARIES))


def biggest_tables(bench: PageBenchmark) -> list[Any]:
    """Return the models with the most rows that have both an admin list and an API list."""
    from django.contrib import admin
    from django.db import connection
    from django.urls import get_resolver

    from lad.api import router

    assert get_resolver().url_patterns
    served = {each.model for each in router.resources()}
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname, reltuples FROM pg_class WHERE relkind = 'r'")
        rows = dict(cursor.fetchall())
    models = [m for m in admin.site._registry if m in served and m._meta.db_table not in EXCLUDED_TABLES]
    return sorted(models, key=lambda m: -rows.get(m._meta.db_table, 0))[:TABLES]


class Pages:
    """The pages of one model."""

    def __init__(self, model: Any, bench: PageBenchmark) -> None:
        from lad.api import router

        self.model, self.bench = model, bench
        self.table = model._meta.db_table
        self.resource = next(each for each in router.resources() if each.model is model)

    def lists(self) -> Iterator[Page]:
        from django.urls import reverse

        self.changelist = reverse(f"admin:{self.model._meta.app_label}_{self.model._meta.model_name}_changelist")
        for caller in ("root", "staff"):
            yield self._page("admin list", caller, "")
        yield Page(self.table, "API list", "owner", lambda: self.resource.url)
        yield Page(self.table, "API list, deep", "owner", lambda: f"{self.resource.url}?cursor={self._cursor()}")
        for name in self.resource.filters:
            yield Page(self.table, f"API list, {name}", "owner", lambda name=name: self._filtered(name))  # type: ignore[misc]

    def searches_and_filters(self) -> Iterator[Page]:
        from django.contrib import admin
        from django.http import HttpRequest

        model_admin = admin.site._registry[self.model]
        for caller in ("root", "staff"):
            for name in model_admin.get_search_fields(HttpRequest()):
                plain = name.split("__")[0]
                if name != "id__exact" and self._text(plain):
                    yield self._page(f"search by {plain}", caller, lambda plain=plain: f"q={self._text(plain)}")
            yield self._page("search by id", caller, lambda: f"q={self._row().pk}")
            for name in self._choices(model_admin):
                yield self._page(f"filter by {name}", caller, lambda name=name: f"{name}__exact={self._rare(name)}")
            yield self._page(
                "filter by a day", caller, lambda: "created_at_from_0=2026-01-05&created_at_to_0=2026-01-05"
            )

    def _page(self, kind: str, caller: str, query: Any) -> Page:
        return Page(self.table, kind, caller, lambda: f"{self.changelist}?{query() if callable(query) else query}")

    def _choices(self, model_admin: Any) -> list[str]:
        from lad.admin.defaults import filter_fields

        names = [n for n in (model_admin.list_filter or filter_fields(self.model)) if isinstance(n, str)]
        fields = {f.name: f for f in self.model._meta.concrete_fields}
        return [
            n for n in names if n in fields and (fields[n].choices or fields[n].get_internal_type() == "BooleanField")
        ]

    # Cursors, search texts and filter values are read once from each database.

    def _cursor(self) -> str:
        from lad.api.pagination import Cursor, total_order

        def find(rows: Any) -> str:
            order = total_order(rows.order_by(self.resource.order[0]))
            return Cursor.at(rows.order_by(*order)[rows.count() // 2], order, model=rows.model).encode()

        return self._once("cursor", find)

    def _row(self) -> Any:
        return self._once("row", lambda rows: rows.order_by("pk")[rows.count() // 2])

    def _text(self, name: str) -> str:
        value = str(getattr(self._row(), name, "") or "")
        return value[: max(len(value) * 2 // 3, 5)].strip()

    def _filtered(self, name: str) -> str:
        column = self.model._meta.get_field(name)
        if column.get_internal_type() == "DateTimeField":
            return f"{self.resource.url}?{name}__gte=2026-11-20T00:00:00Z"
        value = self._rare(name) if column.choices else getattr(self._row(), column.attname)
        if isinstance(value, bool):
            value = str(value).lower()
        return f"{self.resource.url}?{name}={'' if value is None else value}"

    def _rare(self, name: str) -> Any:
        """Return the value that the fewest rows have."""
        from django.db.models import Count

        def find(rows: Any) -> Any:
            counted = rows.order_by().exclude(**{f"{name}__isnull": True}).values_list(name).annotate(Count("pk"))
            value = min(counted, key=lambda pair: pair[1], default=("", 0))[0]
            return int(value) if isinstance(value, bool) else value

        return self._once(f"rare {name}", find)

    def _once(self, what: str, find: Callable[[Any], Any]) -> Any:
        from lad.tenancy.context import platform_context

        found = self.__dict__.setdefault("_found", {})
        key = self.bench.current.name, what
        if key not in found:
            with platform_context(tenant_id=self.bench.tenant_id):
                found[key] = find(self.model.objects.all())
        return found[key]


def measure(pages: list[Page], bench: PageBenchmark, rounds: int) -> None:
    for page in pages:
        for database in bench.databases:
            bench.enter(database)
            page.times[database.name] = []
            bench.get(page)
            page.queries = max(page.queries, bench.queries(page))
    for number in range(rounds):
        for page in pages:
            for database in bench.databases if number % 2 else reversed(bench.databases):
                bench.enter(database)
                page.times[database.name].append(bench.get(page))


def report(pages: list[Page], bench: PageBenchmark) -> None:
    small, big = bench.databases
    print(f"\n| table | page | as | queries | ms at {small.leads:,} leads | ms at {big.leads:,} | ratio |")
    print("|---|---|---|---:|---:|---:|---:|")
    for page in pages:
        print(
            f"| {page.table} | {page.kind} | {page.caller} | {page.queries} | {page.median(small.name):.1f}"
            f" | {page.median(big.name):.1f} | {page.ratio:.2f} |"
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", type=int, default=10_000)
    parser.add_argument("--big", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--directory", type=Path, help="needs 20 GB of free space (default: a temporary directory)")
    parser.add_argument("--limit", type=float)
    parser.add_argument("--lists-only", action="store_true", help="leave out the admin's search and filters")
    options = parser.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="lad-", dir=options.directory))
    databases = [Database("lad_small", options.small), Database("lad_big", options.big)]
    try:
        with servers_in(directory) as servers:
            for database in databases:
                fill(servers, database)
            return run(databases, options)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def run(databases: list[Database], options: argparse.Namespace) -> int:
    """Measure in existing databases."""
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    settings.ALLOWED_HOSTS = ["testserver"]
    call_command("collectstatic", verbosity=0, interactive=False)
    bench = PageBenchmark(databases)
    bench.enter(databases[-1])
    models = [Pages(model, bench) for model in biggest_tables(bench)]
    groups = [[page for each in models for page in each.lists()]]
    if not options.lists_only:
        groups.append([page for each in models for page in each.searches_and_filters()])
    for pages in groups:
        measure(pages, bench, options.rounds)
        report(pages, bench)
    pages = [page for group in groups for page in group]
    greedy = [page for page in pages if page.queries > MAX_QUERIES]
    slow = [page for page in pages if options.limit and page.ratio > options.limit]
    for page in greedy:
        print(f"{page.table}, {page.kind}: {page.queries} queries", file=sys.stderr)
    return 1 if greedy or slow else 0


if __name__ == "__main__":
    os.chdir(Path(__file__).resolve().parents[1])
    sys.exit(main())
