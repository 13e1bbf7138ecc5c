"""``manage.py demo``: load demo data to explore LAD with."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from demo import scale
from demo.load import ADMIN_EMAIL, FINANCE_EMAIL, OtherTenants, load
from lad.jobs.worker import run_due
from lad.outbox.drain import drain

MILLION = 1_000_000
MIN_LEADS, MAX_LEADS = 1_000, 20 * MILLION


class Command(BaseCommand):
    help = "Load demo data: three tenants and LAD's staff. Running it again changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--beside-others", action="store_true", help="load even if the database holds other tenants"
        )
        parser.add_argument(
            "--scale",
            type=int,
            nargs="?",
            const=MILLION,
            metavar="LEADS",
            help="instead, create twenty tenants with LEADS leads (default: a million) and everything else in"
            " proportion, for performance tests; needs a database without other tenants",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["scale"] is not None:
            self._scale(options["scale"])
            return
        try:
            loaded = load(password=settings.DEMO_PASSWORD, now=timezone.now(), beside_others=options["beside_others"])
        except OtherTenants as error:
            raise CommandError(f"{error} Add --beside-others to load it anyway.") from error
        if not loaded.tenants:
            self.stdout.write("The demo data is loaded already.")
            return
        # Fill the activity feed and run the job now instead of waiting for a worker.
        drain()
        run_due()
        self.stdout.write(f"Created {loaded.tenants} tenants and {loaded.people} people.")
        self.stdout.write(f"Sign in as {ADMIN_EMAIL} with the password {settings.DEMO_PASSWORD}")
        self.stdout.write(f"With the same password, {FINANCE_EMAIL} sees what LAD's finance team works with.")

    def _scale(self, leads: int) -> None:
        if not MIN_LEADS <= leads <= MAX_LEADS:
            raise CommandError(f"Give a number of leads from {MIN_LEADS:,} to {MAX_LEADS:,}.")
        try:
            scale.load(leads=leads, password=settings.DEMO_PASSWORD, now=timezone.now(), report=self.stdout.write)
        except scale.ScaleRefused as error:
            raise CommandError(str(error)) from error
        if not scale.analyze():
            self.stdout.write(
                "Queries are slow until PostgreSQL has statistics."
                " Run ANALYZE as the owner of the tables, or wait a few minutes."
            )
        self.stdout.write(
            f"Sign in as {ADMIN_EMAIL}, or as owner@{scale.SLUG}01.example in the largest tenant,"
            f" with the password {settings.DEMO_PASSWORD}"
        )
