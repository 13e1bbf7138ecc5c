"""Removes files that no attachment knows."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from leads.files import services as attachments
from leads.files.storage import store


class Command(BaseCommand):
    """Files of tenants that are no longer there count too; what LAD never wrote is left alone."""

    help = "Remove files older than a day that no attachment knows; --dry-run lists them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--tenant", default="", help="only this tenant's files, by its id")
        parser.add_argument("--dry-run", action="store_true", help="list them and remove none")

    def handle(self, *args: Any, **options: Any) -> None:
        prefix = f"{options['tenant']}/" if options["tenant"] else ""
        found = 0
        for orphan in attachments.orphans(prefix=prefix, now=timezone.now()):
            found += 1
            self.stdout.write(orphan.key)
            if not options["dry_run"]:
                store.remove(orphan.key)
        self.stdout.write(f"{found} files {'would be' if options['dry_run'] else 'were'} removed.")
