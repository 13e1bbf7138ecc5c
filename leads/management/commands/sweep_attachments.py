"""Remove files that no attachment refers to."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from leads.files import services
from leads.files.storage import store


class Command(BaseCommand):
    """Covers files of deleted tenants too. Leaves objects alone that LAD did not write."""

    help = "Remove files older than a day that no attachment refers to. --dry-run only lists them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--tenant", default="", help="id of the tenant whose files to check")
        parser.add_argument("--dry-run", action="store_true", help="list the files without removing them")

    def handle(self, *args: Any, **options: Any) -> None:
        prefix = f"{options['tenant']}/" if options["tenant"] else ""
        found = 0
        for orphan in services.orphaned_files(prefix=prefix, now=timezone.now()):
            found += 1
            self.stdout.write(orphan.key)
            if not options["dry_run"]:
                store.remove(orphan.key)
        self.stdout.write(f"{found} files {'would be' if options['dry_run'] else 'were'} removed.")
