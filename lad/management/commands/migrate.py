"""Django's ``migrate``, which looks at the schema before it changes anything."""

from typing import Any

from django.core.management.base import CommandError
from django.core.management.commands import migrate
from django.db import connections

from lad.db.autodetector import LadAutodetector
from lad.db.history import ForeignSchema, check_schema
from lad.db.migrating import LightExecutor
from lad.db.server_log import keep_values_out_of_log

# Django's command has no other place to name an executor.
setattr(migrate, "MigrationExecutor", LightExecutor)  # noqa: B010  (not in the stubs)


class Command(migrate.Command):
    autodetector = LadAutodetector

    def handle(self, *args: Any, **options: Any) -> str | None:
        try:
            unknown = check_schema(connections[options["database"]])
        except ForeignSchema as problem:
            raise CommandError(str(problem)) from None
        if unknown:
            self.stderr.write(self.style.WARNING(f"Tables beside LAD's own, left alone: {', '.join(unknown)}."))
        done: str | None = super().handle(*args, **options)
        if missing := keep_values_out_of_log(connections[options["database"]]):
            warning = (
                f"PostgreSQL logs the values of failed statements ({', '.join(missing)}). Let its administrator run "
                "what docs/operations.md says under “What the database logs”."
            )
            self.stderr.write(self.style.WARNING(warning))
        return done
