"""``manage.py credit_packages``: create the default credit packages."""

from typing import Any

from django.core.management.base import BaseCommand

from billing.payments.services import packages
from lad.tenancy.context import platform_context


class Command(BaseCommand):
    help = "Create the default credit packages that are missing. Running it again changes nothing."

    def handle(self, *args: Any, **options: Any) -> None:
        with platform_context():
            created = packages.load_defaults()
        self.stdout.write(f"Created {created} packages." if created else "All packages exist already.")
