"""Recompute the conversations of the inbox from their messages."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from campaigns.inbox.services.repairing import repair
from lad.tenancy.context import platform_context
from tenants.teams.models import Tenant


class Command(BaseCommand):
    help = "Recompute the conversations of one tenant or of all. What people have decided about them stays."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--tenant", default="", help="The id or slug of one tenant.")

    def handle(self, *args: Any, **options: Any) -> None:
        with platform_context():
            tenants = list(Tenant.all_objects.values_list("pk", "slug"))
        wanted = options["tenant"]
        for key, slug in tenants:
            if wanted in ("", str(key), slug):
                self.stdout.write(f"{slug}: {repair(key):,} conversations")
