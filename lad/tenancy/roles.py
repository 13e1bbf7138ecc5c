"""PostgreSQL roles: who they are, what they may touch, and the refusal to serve as one that sees everything."""

from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connections

from lad.tenancy.context import PLATFORM_ROLE, TENANT_ROLE

# Tables of Django itself. Only staff work and signing in touch them, always as the platform.
FRAMEWORK_APPS = ("auth", "contenttypes", "sessions", "admin")


def prepare_database(using: str, **_kwargs: Any) -> None:
    """Create the schema and the two group roles before the first migration, if they are missing."""
    connection = connections[using]
    quote = connection.ops.quote_name
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {quote(settings.DB_SCHEMA)}")
        cursor.execute("SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)", [[TENANT_ROLE, PLATFORM_ROLE]])
        present = {name for (name,) in cursor.fetchall()}
        for role in {TENANT_ROLE, PLATFORM_ROLE} - present:
            cursor.execute(f"CREATE ROLE {role} NOLOGIN NOBYPASSRLS")
        cursor.execute(f"GRANT USAGE ON SCHEMA {quote(settings.DB_SCHEMA)} TO PUBLIC")


def grant_framework_tables(using: str, apps: Any = None, **_kwargs: Any) -> None:
    """Give the platform role Django's own tables, and everybody the list of migrations."""
    from django.apps import apps as installed

    connection = connections[using]
    quote = connection.ops.quote_name
    present = set(connection.introspection.table_names())
    with connection.cursor() as cursor:
        for label in FRAMEWORK_APPS:
            for model in installed.get_app_config(label).get_models(include_auto_created=True):
                if model._meta.db_table in present:
                    table = quote(model._meta.db_table)
                    cursor.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {PLATFORM_ROLE}")
        if "django_content_type" in present:
            cursor.execute(f"GRANT SELECT ON django_content_type TO {TENANT_ROLE}")
        if "django_migrations" in present:
            cursor.execute("GRANT SELECT ON django_migrations TO PUBLIC")
        schema = quote(settings.DB_SCHEMA)
        cursor.execute(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {schema} TO {PLATFORM_ROLE}, {TENANT_ROLE}")


def refuse_privileged_login(using: str = "default") -> None:
    """Raise ImproperlyConfigured when the login role would see every tenant's rows, or could not work at all.

    Web, worker and beat call it before they serve: for a superuser, a role with BYPASSRLS, an owner of
    the tables, or one that may become any of these, row-level security is no bar; one that inherits
    from the group roles reads without having entered a scope.
    """
    with connections[using].cursor() as cursor:
        cursor.execute(_LOGIN_FACTS, {"tenant": TENANT_ROLE, "platform": PLATFORM_ROLE, "schema": settings.DB_SCHEMA})
        name, superuser, bypasses, owner, inherits, member = cursor.fetchone()
    reasons = {
        "is a superuser or may become one": superuser,
        "has BYPASSRLS or may become a role that has": bypasses,
        "owns the tables or may become their owner": owner,
        f"inherits from {TENANT_ROLE} or {PLATFORM_ROLE}": inherits,
    }
    wrong = [reason for reason, holds in reasons.items() if holds]
    remedy = (
        f"Use a login made with NOINHERIT that is a member of {TENANT_ROLE} and {PLATFORM_ROLE} and of nothing else."
    )
    if wrong:
        raise ImproperlyConfigured(
            f'DATABASE_URL signs in as "{name}", which {", ".join(wrong)}: tenants would not be kept apart. {remedy}'
        )
    if not member:
        raise ImproperlyConfigured(
            f'DATABASE_URL signs in as "{name}", which may not act as {TENANT_ROLE} and {PLATFORM_ROLE}. {remedy}'
        )


_LOGIN_FACTS = """
    SELECT session_user,
           bool_or(rolsuper),
           bool_or(rolbypassrls),
           EXISTS (SELECT FROM pg_tables
                   WHERE schemaname = %(schema)s AND pg_has_role(session_user, tableowner, 'MEMBER')),
           COALESCE(pg_has_role(session_user, to_regrole(%(tenant)s), 'USAGE'), false)
               OR COALESCE(pg_has_role(session_user, to_regrole(%(platform)s), 'USAGE'), false),
           COALESCE(pg_has_role(session_user, to_regrole(%(tenant)s), 'MEMBER')
               AND pg_has_role(session_user, to_regrole(%(platform)s), 'MEMBER'), false)
    FROM pg_roles WHERE pg_has_role(session_user, oid, 'MEMBER')
"""
