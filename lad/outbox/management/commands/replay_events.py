"""``manage.py replay_events``: deliver events again."""

from argparse import ArgumentParser
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from lad.outbox.replay import EventFilter, UnknownConsumer, replay


class Command(BaseCommand):
    help = "Deliver events again to one consumer, or to all that subscribe to them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--consumer", help="only this one; without it all subscribers")
        parser.add_argument("--type", default="", help="types that start so, such as tenants.invitation.")
        parser.add_argument("--tenant", type=UUID, help="only events of this tenant")
        parser.add_argument("--event", type=UUID, action="append", default=[], help="only this event; may be repeated")
        parser.add_argument("--since", type=_moment, help="from this moment on, ISO 8601")
        parser.add_argument("--until", type=_moment, help="before this moment, ISO 8601")
        parser.add_argument("--all", action="store_true", help="needed to replay without any condition")
        parser.add_argument("--dry-run", action="store_true", help="count only")

    def handle(self, *args: Any, **options: Any) -> None:
        wanted = EventFilter(
            ids=tuple(options["event"]),
            type_prefix=options["type"],
            tenant_id=options["tenant"],
            since=options["since"],
            until=options["until"],
        )
        if wanted == EventFilter() and not options["all"]:
            raise CommandError("Say which events: --event, --type, --tenant, --since, --until, or --all for every one.")
        try:
            count = replay(wanted, consumer=options["consumer"], dry_run=options["dry_run"])
        except UnknownConsumer as error:
            raise CommandError(str(error)) from error
        verb = "would be made again" if options["dry_run"] else "made again"
        self.stdout.write(f"{count} deliveries {verb}.")


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else timezone.make_aware(moment)
