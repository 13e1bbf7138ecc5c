"""Web and worker refuse to start with a login that bypasses row-level security."""

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from lad.tenancy.roles import refuse_privileged_login
from tests.support.database import signed_in_to_database, superuser_connection

pytestmark = pytest.mark.django_db(transaction=True)

ROOT = Path(__file__).resolve().parents[3]

UNFIT = {
    "superuser": ("SUPERUSER", "", "is a superuser"),
    "bypass": ("BYPASSRLS", "GRANT lad_app, lad_platform TO {}", "has BYPASSRLS"),
    "owner": ("NOINHERIT", "GRANT lad_app, lad_platform, lad_owner TO {}", "owns the tables"),
    "inherits": ("INHERIT", "GRANT lad_app, lad_platform TO {}", "inherits from lad_app or lad_platform"),
    "no-member": ("NOINHERIT", "GRANT lad_app TO {}", "is not a member of lad_app and lad_platform"),
}


@pytest.fixture
def login() -> Iterator[str]:
    """Yield a name for a login that the test can create, and drop it afterwards."""
    name = f"trial_{uuid.uuid4().hex[:12]}"
    yield name
    with superuser_connection() as superuser:
        superuser.execute(f"DROP ROLE IF EXISTS {name}")


def address(login: str) -> str:
    """Return the DATABASE_URL of the test database for another login."""
    parts = urlsplit(os.environ["DATABASE_URL"])
    host = parts.netloc.partition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{login}@{host}", path=f"/{connection.settings_dict['NAME']}"))


@pytest.mark.parametrize(("attributes", "grant", "reason"), UNFIT.values(), ids=UNFIT.keys())
def test_an_unfit_login_is_refused_with_its_reason(
    login: str, attributes: str, grant: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with superuser_connection() as superuser:
        superuser.execute(f"CREATE ROLE {login} LOGIN {attributes}")
        if grant:
            superuser.execute(grant.format(login))
    monkeypatch.setenv("TRIAL_URL", address(login))

    with signed_in_to_database("TRIAL_URL"), pytest.raises(ImproperlyConfigured, match=reason) as refused:
        refuse_privileged_login()
    assert f'"{login}"' in str(refused.value)
    assert "Use a login with NOINHERIT" in str(refused.value)


def test_the_restricted_login_is_accepted() -> None:
    refuse_privileged_login()


def run(*command: str, database_url: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "DATABASE_URL": database_url, "DJANGO_SETTINGS_MODULE": "lad.settings"}
    return subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60
    )


COMMANDS = {
    "web": ("-c", "import lad.wsgi; print('serving')"),
    "worker": ("-m", "lad.worker", "--pool", "solo"),
}


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS.keys())
def test_no_process_starts_as_the_owner_of_the_tables(command: tuple[str, ...]) -> None:
    ended = run(*command, database_url=address("lad_owner"))

    assert ended.returncode != 0
    assert "owns the tables" in ended.stdout + ended.stderr
    assert "serving" not in ended.stdout


def test_a_login_is_checked_on_the_first_connection_if_the_database_was_unreachable() -> None:
    script = (
        "import environ, lad.wsgi\n"
        "from django.db import connection\n"
        f"reachable = environ.Env.db_url_config({address('lad_owner')!r})\n"
        "options = connection.settings_dict['OPTIONS'] | reachable.pop('OPTIONS', {})\n"
        "connection.settings_dict.update(reachable, OPTIONS=options)\n"
        "connection.cursor()\n"
        "print('serving')"
    )
    ended = run("-c", script, database_url="postgresql://lad_web@/lad?host=/nowhere")

    assert "login will be checked on the first connection" in ended.stderr
    assert "owns the tables" in ended.stderr
    assert "serving" not in ended.stdout
