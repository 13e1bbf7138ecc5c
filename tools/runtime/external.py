"""Check and provision the user's own PostgreSQL or Valkey server before LAD uses it."""

import secrets
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg
import redis
from psycopg import sql

from .errors import StartupError
from .keys import KeyFile
from .names import APP, PLATFORM, WEB
from .provision import MIN_SERVER_VERSION, ensure_roles

WEB_LOGIN_VARIABLE = "LAD_WEB_PASSWORD"
CONNECT_TIMEOUT = 5


def prepare_database(*, owner_url: str, web_url: str | None, keys: KeyFile) -> str:
    """Prepare the server for migrations and return the URL of the restricted login.

    Without ``web_url``, create the login lad_web with a password that is stored with the keys.
    """
    with _connect(owner_url, "DATABASE_OWNER_URL" if web_url else "DATABASE_URL") as connection:
        if connection.info.server_version < MIN_SERVER_VERSION:
            raise StartupError(
                f"{_where(owner_url)} is PostgreSQL {connection.info.server_version // 10000}; LAD needs "
                f"{MIN_SERVER_VERSION // 10000} or newer. Upgrade it or point DATABASE_URL elsewhere."
            )
        if web_url is None:
            web_url = _ensure_login(connection, owner_url, keys)
    _check_login(web_url)
    return web_url


def check_broker(url: str) -> None:
    """Raise StartupError if no Redis or Valkey answers at ``url``."""
    try:
        redis.Redis.from_url(url, socket_connect_timeout=CONNECT_TIMEOUT, socket_timeout=CONNECT_TIMEOUT).ping()
    except (redis.RedisError, ValueError, OSError) as error:
        raise StartupError(
            f"No Redis or Valkey answers at {_where(url)}: {_first_line(error)}. "
            "Correct REDIS_URL, or unset it to use the embedded one."
        ) from None


def _ensure_login(connection: psycopg.Connection[tuple[object, ...]], owner_url: str, keys: KeyFile) -> str:
    known = keys.get(WEB_LOGIN_VARIABLE)
    exists = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [WEB]).fetchone() is not None
    if exists and known is None:
        raise StartupError(
            f"The login {WEB} already exists at {_where(owner_url)} and LAD does not know its password. "
            "Set DATABASE_URL to the address with that login and DATABASE_OWNER_URL to this one, "
            f"or remove the login there with: DROP ROLE {WEB}"
        )
    password = keys.ensure({WEB_LOGIN_VARIABLE: lambda: secrets.token_urlsafe(24)})[WEB_LOGIN_VARIABLE]
    try:
        ensure_roles(connection)
        _join_groups(connection)
        if not exists:
            connection.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(WEB), sql.Literal(password)))
    except psycopg.errors.InsufficientPrivilege as error:
        raise StartupError(
            f'"{connection.info.user}" may not prepare the roles LAD needs at {_where(owner_url)}: '
            f"{_first_line(error)}. Let DATABASE_URL sign in as a role with CREATEROLE, or create the roles as "
            "docs/operations.md says and set DATABASE_OWNER_URL too."
        ) from None
    return _as_login(owner_url, WEB, password)


def _join_groups(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    """Make the owner a member of the groups, for data migrations. A superuser needs no membership."""
    user = connection.info.user
    for group in (APP, PLATFORM):
        row = connection.execute("SELECT pg_has_role(%s, %s, 'USAGE')", [user, group]).fetchone()
        if row is not None and not row[0]:
            connection.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(group), sql.Identifier(user)))


def _check_login(url: str) -> None:
    with _connect(url, "DATABASE_URL") as connection:
        row = connection.execute(
            "SELECT current_user, rolsuper OR rolbypassrls,"
            " (SELECT count(*) FROM pg_roles r WHERE r.rolname IN (%s, %s) AND pg_has_role(r.oid, 'MEMBER'))"
            " FROM pg_roles WHERE rolname = current_user",
            [APP, PLATFORM],
        ).fetchone()
    assert row is not None
    name, bypasses, groups = row
    if bypasses:
        raise StartupError(
            f'DATABASE_URL signs in as "{name}", which bypasses row-level security, so tenants would not be '
            "isolated. Set only this URL to let LAD create a restricted login, or set the restricted login here "
            "and this one in DATABASE_OWNER_URL."
        )
    if groups != 2:
        raise StartupError(
            f'DATABASE_URL signs in as "{name}", which is not a member of {APP} and {PLATFORM}. '
            f'As the owner, run: GRANT {APP}, {PLATFORM} TO "{name}"'
        )


def _connect(url: str, variable: str) -> psycopg.Connection[tuple[object, ...]]:
    if urlsplit(url).scheme not in ("postgres", "postgresql"):
        raise StartupError(f"{variable} must look like postgresql://user:password@host:5432/database.")
    try:
        return psycopg.connect(url, autocommit=True, connect_timeout=CONNECT_TIMEOUT)
    except psycopg.Error as error:
        raise StartupError(
            f"The database at {_where(url)} cannot be used: {_first_line(error)}. "
            f"Correct {variable}, or unset it to use the embedded database."
        ) from None


def _as_login(url: str, user: str, password: str) -> str:
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{quote(user)}:{quote(password)}@{place}"))


def _where(url: str) -> str:
    """Return the URL without its password."""
    parts = urlsplit(url)
    credentials, at, place = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=credentials.partition(":")[0] + at + place, query=""))


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0].rstrip(".") if lines else type(error).__name__
