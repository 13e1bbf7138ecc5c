"""manage.py rotate_field_keys: re-encrypts what is not under the newest of FIELD_ENCRYPTION_KEYS."""

from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from cryptography.fernet import Fernet, InvalidToken
from django.apps import apps
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection, models
from django.db.models import F
from django.db.models.functions import Cast

from lad.db.fields import EncryptedTextField, field_cipher
from lad.tenancy.context import origin, platform_context

ROWS_PER_BATCH: Final = 500
IDS_SHOWN: Final = 10


@dataclass
class Count:
    """How the values of one column fared; ``unreadable`` are rows whose key is not configured."""

    current: int = 0
    rotated: int = 0
    unreadable: list[Any] = field(default_factory=list)


class Command(BaseCommand):
    help = (
        "Re-encrypts every encrypted field under the newest key of FIELD_ENCRYPTION_KEYS, batch by batch. "
        "It may be stopped and run again; an old key may be dropped once --check finds nothing to do."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="change nothing; fail if old keys are still in use")
        parser.add_argument("--batch", type=int, default=ROWS_PER_BATCH, help="rows per transaction")

    def handle(self, *args: Any, check: bool, batch: int, **options: Any) -> None:
        field_cipher()  # says plainly if a key is missing or malformed, before any row is read
        waiting, unreadable = 0, []
        for encrypted in encrypted_fields():
            count = _rotate(encrypted, batch=batch, change=not check)
            name = f"{encrypted.model._meta.db_table}.{encrypted.column}"
            done = "to re-encrypt" if check else "re-encrypted"
            self.stdout.write(
                f"{name}: {count.rotated} {done}, {count.current} current, {len(count.unreadable)} unreadable"
            )
            waiting += count.rotated
            unreadable += [f"{name} of row {key}" for key in count.unreadable]
        if unreadable:
            shown = ", ".join(unreadable[:IDS_SHOWN])
            raise CommandError(
                f"{len(unreadable)} values were encrypted with a key that is not configured ({shown}); "
                "add it to FIELD_ENCRYPTION_KEYS and run this again."
            )
        if check and waiting:
            raise CommandError(f"{waiting} values are under an old key: run rotate_field_keys before dropping it.")


def encrypted_fields() -> Iterator[EncryptedTextField]:
    """Every encrypted field of every model."""
    for model in apps.get_models(include_auto_created=True):
        for candidate in model._meta.local_concrete_fields:
            if isinstance(candidate, EncryptedTextField):
                yield candidate


def _rotate(encrypted: EncryptedTextField, *, batch: int, change: bool) -> Count:
    count, last = Count(), None
    while True:
        # One transaction per batch: what is done stays done when the command is stopped.
        with origin("", source="rotate_field_keys"), platform_context():
            rows = _stored(encrypted, after=last)[:batch]
            tokens = list(rows.select_for_update() if change else rows)
            if not tokens:
                return count
            last = tokens[-1][0]
            renewed = _renewed(tokens, count)
            if change:
                _store(encrypted, renewed)


def _stored(encrypted: EncryptedTextField, *, after: Any) -> models.QuerySet:
    """The keys and stored texts from there on, as they are in the database."""
    manager = getattr(encrypted.model, "all_objects", encrypted.model._base_manager)
    rows = manager.exclude(**{f"{encrypted.name}__isnull": True}).order_by("pk")
    if after is not None:
        rows = rows.filter(pk__gt=after)
    return rows.values_list("pk", Cast(F(encrypted.name), models.TextField()))


def _renewed(tokens: list[tuple[Any, str]], count: Count) -> dict[Any, str]:
    newest = Fernet(settings.FIELD_ENCRYPTION_KEYS[0])
    renewed = {}
    for key, token in tokens:
        if token == "":
            continue
        try:
            newest.decrypt(token.encode())
        except InvalidToken:
            try:
                renewed[key] = field_cipher().rotate(token.encode()).decode()
            except InvalidToken:
                count.unreadable.append(key)
        else:
            count.current += 1
    count.rotated += len(renewed)
    return renewed


def _store(encrypted: EncryptedTextField, tokens: dict[Any, str]) -> None:
    options, quote = encrypted.model._meta, connection.ops.quote_name
    assert options.pk is not None
    table, key, column = (quote(str(name)) for name in (options.db_table, options.pk.column, encrypted.column))
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} SET {column} = renewed.token"
            f" FROM unnest(%s::{options.pk.db_type(connection)}[], %s::text[]) AS renewed (key, token)"
            f" WHERE {table}.{key} = renewed.key",
            [list(tokens), list(tokens.values())],
        )
