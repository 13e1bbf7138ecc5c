"""``manage.py demo``: data to look at, and logins to look at it with."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from demo import scale
from demo.load import ADMIN_EMAIL, OtherTenants, load
from lad.outbox.drain import drain

MILLION = 1_000_000
FEWEST, MOST = 1_000, 20 * MILLION


class Command(BaseCommand):
    help = "Load demo data: three companies and a superuser. Running it again changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--beside-others", action="store_true", help="also when the database holds tenants of its own"
        )
        parser.add_argument(
            "--scale",
            type=int,
            nargs="?",
            const=MILLION,
            metavar="LEADS",
            help="instead, make twenty tenants with so many leads (a million) and all else in proportion,"
            " for trying speed; only where there are no tenants but the demo's",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["scale"] is not None:
            self._scale(options["scale"])
            return
        try:
            loaded = load(password=settings.DEMO_PASSWORD, now=timezone.now(), beside_others=options["beside_others"])
        except OtherTenants as error:
            raise CommandError(f"{error} Use --beside-others if you want it all the same.") from error
        if not loaded.tenants:
            self.stdout.write("The demo data is there already.")
            return
        # What happened becomes the activity feed at once, without waiting for a worker.
        drain()
        self.stdout.write(f"Made {loaded.tenants} tenants and {loaded.people} people.")
        self.stdout.write(f"Sign in as {ADMIN_EMAIL} with the password {settings.DEMO_PASSWORD}")

    def _scale(self, leads: int) -> None:
        if not FEWEST <= leads <= MOST:
            raise CommandError(f"Ask for {FEWEST:,} to {MOST:,} leads.")
        try:
            scale.load(leads=leads, password=settings.DEMO_PASSWORD, now=timezone.now(), say=self.stdout.write)
        except scale.ScaleRefused as error:
            raise CommandError(str(error)) from error
        if not scale.analyze():
            self.stdout.write("PostgreSQL gathers statistics by itself within minutes; as the owner: ANALYZE.")
        self.stdout.write(
            f"Sign in as {ADMIN_EMAIL}, or as owner@{scale.SLUG}01.example in the biggest tenant,"
            f" with the password {settings.DEMO_PASSWORD}"
        )
