"""PostgreSQL's log holds neither statements with their values nor the rows that were refused."""

import os
from datetime import datetime, timedelta, timezone
from io import StringIO
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.management import call_command
from django.db import IntegrityError, ProgrammingError, connection, transaction

from lad.db.server_log import LOG_SETTINGS, revealing_settings
from lad.observability import mask_text
from lad.tenancy.context import platform_context
from tenants.accounts.models import User
from tests.factories.tenants import UserFactory
from tests.support.database import signed_in_to_database
from tools.runtime import names

LOG = Path(os.environ.get("LAD_HOME", "")) / "log" / "postgres.log"


@pytest.fixture
def written() -> Any:
    """Return what the server has logged since the test began."""
    start = LOG.stat().st_size

    def read() -> str:
        return LOG.read_bytes()[start:].decode()

    return read


def test_a_failed_statement_leaves_no_address_and_no_hash_in_the_servers_log(db: None, written: Any) -> None:
    with platform_context():
        UserFactory.create(email="reader@secret.test")
        for values in (
            {"email": "reader@secret.test", "password": "hash-of-a-password-1"},
            {"email": "reader@secret.test", "password": "hash-of-a-password-2", "first_name": "Konstanze"},
        ):
            with pytest.raises(IntegrityError), transaction.atomic():
                User.objects.create(**values)
    assert "duplicate key value violates unique constraint" in written()
    for secret in ("secret.test", "hash-of-a-password", "Konstanze", "INSERT INTO"):
        assert secret not in written()


def test_a_refused_row_is_not_in_the_servers_log(tenant: Any, written: Any) -> None:
    with platform_context(), pytest.raises(IntegrityError), transaction.atomic():
        type(tenant).objects.filter(pk=tenant.pk).update(name=" ", email="owner@secret.test")
    assert "tenants_name_not_blank" in written()
    assert "secret.test" not in written()


@pytest.mark.parametrize("offset", [23, -23])
def test_a_time_with_an_offset_that_the_server_does_not_know_reaches_it_as_utc(tenant: Any, offset: int) -> None:
    zone = timezone(timedelta(hours=offset))
    rows = type(tenant).objects
    with platform_context():
        assert rows.filter(created_at__gt=datetime(2020, 1, 1, tzinfo=zone)).count() == 1
        rows.filter(pk=tenant.pk).update(trial_ends_at=datetime(2030, 1, 1, tzinfo=zone))
        assert rows.get(pk=tenant.pk).trial_ends_at == datetime(2030, 1, 1, tzinfo=zone)


def test_the_servers_that_lad_starts_have_the_settings_that_it_asks_for() -> None:
    assert names.LOG_SETTINGS == LOG_SETTINGS


def test_the_login_cannot_turn_the_statements_on_again(db: None) -> None:
    assert revealing_settings(connection) == []
    for name in ("log_min_error_statement", "log_error_verbosity"):
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            connection.cursor().execute(f"SET {name} = DEFAULT")


def test_the_database_itself_carries_the_settings(db: None) -> None:
    """So that they hold on a server whose configuration is somebody else's."""
    with psycopg.connect(os.environ["LAD_EMBEDDED_SUPERUSER_URL"]) as superuser:
        row = superuser.execute(
            "SELECT setconfig FROM pg_db_role_setting JOIN pg_database d ON d.oid = setdatabase WHERE datname = 'lad'"
        ).fetchone()
    assert row is not None
    assert {f"{name}={value}" for name, value in LOG_SETTINGS.items()} <= set(row[0])


@pytest.mark.django_db(transaction=True)
def test_migrate_says_what_an_administrator_has_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lad.db.server_log.revealing_settings", lambda _connection: ["log_error_verbosity"])
    said = StringIO()
    with signed_in_to_database("DATABASE_OWNER_URL"):
        call_command("migrate", "--no-input", verbosity=0, stderr=said)
    assert "log_error_verbosity" in said.getvalue()


def test_lads_own_log_masks_the_detail_of_a_refused_row() -> None:
    text = (
        'IntegrityError: duplicate key value violates unique constraint "users_live_email_key"\n'
        "DETAIL:  Key (email)=(reader@secret.test) already exists.\nTraceback: more"
    )
    masked = mask_text(text)
    assert "secret.test" not in masked
    assert "users_live_email_key" in masked
    assert masked.endswith("Traceback: more")
