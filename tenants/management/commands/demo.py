"""``manage.py demo``: data to look at, and logins to look at it with."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from tenants.demo.load import ADMIN_EMAIL, OtherTenants, load
from tenants.outbox import drain


class Command(BaseCommand):
    help = "Load demo data: three companies and a superuser. Running it again changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--beside-others", action="store_true", help="also when the database holds tenants of its own"
        )

    def handle(self, *args: Any, **options: Any) -> None:
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
