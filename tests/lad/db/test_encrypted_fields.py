"""Encrypted fields: nothing of them is readable outside the process that holds the keys."""

import io
import logging
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import FieldError, ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import connection
from pytest_django import Settings

from lad.tenancy.context import platform_context
from tenants.accounts.models import User, UserIdentity
from tests.factories.tenants import UserIdentityFactory

pytestmark = pytest.mark.django_db

SECRET = "plain-text-that-nobody-may-see"
COLUMN = "user_identities.access_token"


@pytest.fixture
def identity(db: None) -> UserIdentity:
    with platform_context():
        return UserIdentityFactory.create(access_token=SECRET, refresh_token=None)


def stored(identity: UserIdentity) -> str:
    with platform_context(), connection.cursor() as cursor:
        cursor.execute("SELECT access_token FROM user_identities WHERE id = %s", [identity.pk])
        return str(cursor.fetchone()[0])


def read(identity: UserIdentity) -> str | None:
    with platform_context():
        return UserIdentity.objects.get(pk=identity.pk).access_token


def rotate(**options: Any) -> str:
    output = io.StringIO()
    call_command("rotate_field_keys", stdout=output, **options)
    return output.getvalue()


def tables_with_text(text: str) -> list[str]:
    """The tables of which some row, written out, holds the text."""
    with platform_context(), connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
        found = []
        for (table,) in cursor.fetchall():
            cursor.execute("SELECT has_table_privilege(%s, 'SELECT')", [table])
            assert cursor.fetchone()[0], f"The platform cannot look into {table}."
            cursor.execute(f'SELECT count(*) FROM "{table}" AS line WHERE line::text LIKE %s', [f"%{text}%"])
            if cursor.fetchone()[0]:
                found.append(table)
        return found


def test_what_is_written_is_read_back(identity: UserIdentity) -> None:
    assert read(identity) == SECRET
    with platform_context():
        assert UserIdentity.objects.filter(refresh_token__isnull=True).get() == identity


def test_no_table_holds_the_plain_text(identity: UserIdentity) -> None:
    assert stored(identity).startswith("gAAAA")
    assert tables_with_text(SECRET) == []
    assert tables_with_text(identity.provider_user_id) != [], "the search finds what is there"


def test_neither_repr_nor_log_nor_error_shows_the_plain_text(
    identity: UserIdentity, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("lad").warning("identity %r %s", identity, {"access_token": identity.access_token})
        with platform_context(), pytest.raises(Exception, match="unique") as raised:
            UserIdentityFactory.create(
                provider=identity.provider, provider_user_id=identity.provider_user_id, access_token=SECRET
            )
    formatted = [logging.getLogger().handlers[0].format(record) for record in caplog.records]
    assert SECRET not in repr(identity)
    assert SECRET not in "".join(formatted)
    assert SECRET not in str(raised.value)


def test_a_comparison_with_an_encrypted_field_is_refused(identity: UserIdentity) -> None:
    with platform_context(), pytest.raises(FieldError, match="is encrypted"):
        UserIdentity.objects.filter(access_token=SECRET).exists()


def test_the_api_does_not_show_it(identity: UserIdentity, owner: User, api: Any) -> None:
    with platform_context():
        UserIdentity.objects.filter(pk=identity.pk).update(user=owner)
    client = api(owner)
    listed = client.get("/api/v1/user-identities/")

    assert str(identity.pk) in listed.content.decode()
    for content in (listed.content, client.get(f"/api/v1/user-identities/{identity.pk}/").content):
        assert SECRET not in content.decode()
        assert "gAAAA" not in content.decode()


def test_the_admin_does_not_show_it(identity: UserIdentity, superuser: User, client: Any) -> None:
    client.force_login(superuser)
    for page in ("", f"{identity.pk}/change/", f"{identity.pk}/history/"):
        response = client.get(f"/admin/tenants/useridentity/{page}", follow=True)
        content = response.content.decode()
        assert response.status_code == 200
        assert SECRET not in content
        assert "gAAAA" not in content


def test_after_a_key_change_old_values_are_read_and_rotation_moves_them_to_the_new_key(
    identity: UserIdentity, settings: Settings
) -> None:
    old, new = settings.FIELD_ENCRYPTION_KEYS[0], Fernet.generate_key().decode()
    settings.FIELD_ENCRYPTION_KEYS = [new, old]
    assert read(identity) == SECRET
    with pytest.raises(CommandError, match="1 values are under an old key"):
        rotate(check=True)

    assert f"{COLUMN}: 1 re-encrypted, 0 current, 0 unreadable" in rotate()

    settings.FIELD_ENCRYPTION_KEYS = [new]
    assert read(identity) == SECRET
    assert f"{COLUMN}: 0 to re-encrypt, 1 current, 0 unreadable" in rotate(check=True)


def test_rotation_goes_through_all_rows_in_batches_and_may_be_repeated(db: None, settings: Settings) -> None:
    with platform_context():
        for number in range(7):
            UserIdentityFactory.create(access_token=f"{SECRET}-{number}", refresh_token="" if number else SECRET)
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode(), *settings.FIELD_ENCRYPTION_KEYS]

    first, second = rotate(batch=3), rotate(batch=3)

    assert f"{COLUMN}: 7 re-encrypted, 0 current" in first
    assert "user_identities.refresh_token: 1 re-encrypted, 0 current" in first
    assert f"{COLUMN}: 0 re-encrypted, 7 current" in second
    assert SECRET not in first + second
    with platform_context():
        tokens = set(UserIdentity.objects.values_list("access_token", flat=True))
    assert tokens == {f"{SECRET}-{number}" for number in range(7)}


def test_rotation_stopped_half_way_keeps_what_is_done(
    db: None, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lad.management.commands import rotate_field_keys as command

    with platform_context():
        for _ in range(4):
            UserIdentityFactory.create(access_token=SECRET)
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode(), *settings.FIELD_ENCRYPTION_KEYS]
    store = command._store
    batches: list[Any] = []

    def stop_at_the_second_batch(*arguments: Any) -> None:
        if batches:
            raise KeyboardInterrupt
        batches.append(arguments)
        store(*arguments)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(command, "_store", stop_at_the_second_batch)
        rotate(batch=2)

    assert f"{COLUMN}: 2 re-encrypted, 2 current, 0 unreadable" in rotate()


def test_a_value_under_a_forgotten_key_is_named_but_not_lost(identity: UserIdentity, settings: Settings) -> None:
    before = stored(identity)
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]

    with pytest.raises(ImproperlyConfigured, match=r"UserIdentity\.access_token was encrypted with a key"):
        read(identity)
    with pytest.raises(CommandError, match=f"{COLUMN} of row {identity.pk}.*add it to FIELD_ENCRYPTION_KEYS"):
        rotate()
    assert stored(identity) == before


@pytest.mark.parametrize(
    ("keys", "says"),
    [([], "Set FIELD_ENCRYPTION_KEYS"), (["not-a-key"], "not a Fernet key")],
    ids=["no-key", "malformed-key"],
)
def test_a_missing_or_malformed_key_is_said_plainly(
    identity: UserIdentity, settings: Settings, keys: list[str], says: str
) -> None:
    settings.FIELD_ENCRYPTION_KEYS = keys

    with pytest.raises(ImproperlyConfigured, match=says):
        read(identity)
    with pytest.raises((ImproperlyConfigured, CommandError), match=says):
        rotate()
