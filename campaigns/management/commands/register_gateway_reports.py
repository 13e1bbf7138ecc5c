"""Let the gateway to LinkedIn, Instagram and WhatsApp report to this installation."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from campaigns.gateways.unipile.errors import GatewayError
from campaigns.provider_reports.registering import GatewayCannotReport, register, report_url


class Command(BaseCommand):
    help = "Let the gateway to LinkedIn, Instagram and WhatsApp report to LAD. Once more changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--again", action="store_true", help="Register anew, after UNIPILE_WEBHOOK_SECRET changed.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            registered = register(again=options["again"])
        except (GatewayCannotReport, GatewayError) as error:
            raise CommandError(error.detail) from error
        words = f"registered {', '.join(registered)}" if registered else "nothing to do: all is registered"
        self.stdout.write(f"{report_url()}: {words}")
