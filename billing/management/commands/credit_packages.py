"""``manage.py credit_packages``: the packages that credits are sold in from the beginning."""

from typing import Any

from django.core.management.base import BaseCommand

from billing.payments.services import packages
from lad.tenancy.context import platform_context


class Command(BaseCommand):
    help = "Make the default packages of credits that are missing. Running it again changes nothing."

    def handle(self, *args: Any, **options: Any) -> None:
        with platform_context():
            made = packages.load_defaults()
        self.stdout.write(f"Made {made} packages." if made else "The packages are there already.")
