"""Create the database, logins and group roles that LAD needs. Every function can be run again."""

import os
import sys
from collections.abc import Mapping

import psycopg
from psycopg import sql

from .names import APP, DATABASE, LOG_SETTINGS, OWNER, PLATFORM, WEB

MIN_SERVER_VERSION = 150000
WITHOUT_PASSWORDS = "--without-passwords"

Connection = psycopg.Connection[tuple[object, ...]]


def provision_cluster(superuser_url: str, *, passwords: Mapping[str, str] | None = None) -> None:
    """Create the owner, the restricted login, their groups and the database in LAD's own cluster.

    ``passwords`` by login are set on every run, so that a changed one takes effect.
    """
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        _ensure_role(connection, OWNER, login=True, extra="CREATEDB")
        ensure_roles(connection)
        for group in (APP, PLATFORM):
            connection.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(group), sql.Identifier(OWNER)))
        for login, password in (passwords or {}).items():
            set_password(connection, login, password)
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone() is None:
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(DATABASE), sql.Identifier(OWNER))
            )
        for name, value in LOG_SETTINGS.items():
            statement = sql.SQL("ALTER DATABASE {} SET {} = {}")
            connection.execute(statement.format(sql.Identifier(DATABASE), sql.Identifier(name), sql.Literal(value)))


def ensure_roles(connection: Connection) -> None:
    """Create the group roles and the restricted login, a member of both without inheritance.

    With NOINHERIT the login can read nothing outside a tenant or platform context.
    """
    for group in (APP, PLATFORM):
        _ensure_role(connection, group, login=False)
    _ensure_role(connection, WEB, login=True, extra="NOINHERIT")
    for group in (APP, PLATFORM):
        _ensure_member_without_inheritance(connection, group, WEB)


def set_password(connection: Connection, login: str, password: str) -> None:
    connection.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(login), sql.Literal(password)))


def main() -> int:
    """Run the provision step of docker-compose.yml, or with ``--without-passwords`` that of ``make up``."""
    try:
        passwords = {}
        if WITHOUT_PASSWORDS not in sys.argv:
            passwords = {OWNER: os.environ["LAD_OWNER_PASSWORD"], WEB: os.environ["LAD_WEB_PASSWORD"]}
        provision_cluster(os.environ["LAD_SUPERUSER_URL"], passwords=passwords)
    except KeyError as missing:
        print(f"Set {missing.args[0]}. docs/operations.md describes it.", file=sys.stderr)
        return 1
    except psycopg.Error as error:
        print(f"The database could not be prepared: {error}", file=sys.stderr)
        return 1
    return 0


def _ensure_role(connection: Connection, name: str, *, login: bool, extra: str = "") -> None:
    """Create a role, or remove attributes that an existing one must not have.

    Only differences are altered, because an owner that is no superuser may not even repeat NOSUPERUSER.
    """
    role = sql.Identifier(name)
    row = connection.execute(
        "SELECT rolcanlogin, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = %s", [name]
    ).fetchone()
    can_login = "LOGIN" if login else "NOLOGIN"
    if row is None:
        connection.execute(sql.SQL(f"CREATE ROLE {{}} {can_login} {extra}").format(role))
        return
    wrong = [("NOSUPERUSER", row[1]), ("NOBYPASSRLS", row[2]), (can_login, row[0] is not login)]
    if changes := " ".join(attribute for attribute, holds in wrong if holds):
        connection.execute(sql.SQL(f"ALTER ROLE {{}} {changes}").format(role))


def _ensure_member_without_inheritance(connection: Connection, group: str, member: str) -> None:
    """Grant the group. From PostgreSQL 16 on each membership says NOINHERIT, before that the member does."""
    modern = connection.info.server_version >= 160000
    inherits = "bool_or(m.inherit_option)" if modern else "bool_or(u.rolinherit)"
    row = connection.execute(
        f"SELECT count(*), {inherits} FROM pg_auth_members m"
        " JOIN pg_roles g ON g.oid = m.roleid JOIN pg_roles u ON u.oid = m.member"
        " WHERE g.rolname = %s AND u.rolname = %s",
        [group, member],
    ).fetchone()
    if row is not None and row[0] and not row[1]:
        return
    options = " WITH INHERIT FALSE, SET TRUE" if modern else ""
    names = (sql.Identifier(group), sql.Identifier(member))
    connection.execute(sql.SQL("GRANT {} TO {}" + options).format(*names))


if __name__ == "__main__":
    sys.exit(main())
