"""Database, logins and group roles LAD needs in a PostgreSQL cluster; everything here may be run again."""

import os
import sys
from collections.abc import Mapping

import psycopg
from psycopg import sql

DATABASE = "lad"
OWNER = "lad_owner"
WEB = "lad_web"
APP = "lad_app"
PLATFORM = "lad_platform"
OLDEST_SERVER = 150000

Connection = psycopg.Connection[tuple[object, ...]]


def provision_cluster(superuser_url: str, *, passwords: Mapping[str, str] | None = None) -> None:
    """Create the owner, the restricted login, their groups and the database in a cluster of our own.

    ``passwords`` by login are set each time, so that a changed one takes effect.
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


def ensure_roles(connection: Connection) -> None:
    """Create the group roles and the restricted login, and make the login a member without inheritance.

    NOINHERIT: outside a tenant or platform context the login may read nothing.
    """
    for group in (APP, PLATFORM):
        _ensure_role(connection, group, login=False)
    _ensure_role(connection, WEB, login=True, extra="NOINHERIT")
    for group in (APP, PLATFORM):
        _ensure_member_without_inheritance(connection, group, WEB)


def set_password(connection: Connection, login: str, password: str) -> None:
    connection.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(login), sql.Literal(password)))


def main() -> int:
    """The provision step of docker-compose.yml."""
    try:
        passwords = {OWNER: os.environ["LAD_OWNER_PASSWORD"], WEB: os.environ["LAD_WEB_PASSWORD"]}
        provision_cluster(os.environ["LAD_SUPERUSER_URL"], passwords=passwords)
    except KeyError as missing:
        print(f"Set {missing.args[0]}; docs/operations.md says what it is.", file=sys.stderr)
        return 1
    except psycopg.Error as error:
        print(f"The database could not be prepared: {error}", file=sys.stderr)
        return 1
    return 0


def _ensure_role(connection: Connection, name: str, *, login: bool, extra: str = "") -> None:
    """Create a role, or take back what an existing one must not have.

    An owner that is not superuser may not even repeat NOSUPERUSER, so nothing is said that already holds.
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
    """Before PostgreSQL 16 the member's own NOINHERIT decides; since then each membership says it."""
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
