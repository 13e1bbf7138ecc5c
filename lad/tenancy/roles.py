"""PostgreSQL roles and grants, and the check of the login that web and workers use."""

from django.apps import apps
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connections

from lad.tenancy.context import PLATFORM_ROLE, TENANT_ROLE

# Django's own tables. Only the admin and signing in use them, always as the platform role.
FRAMEWORK_APPS = ("auth", "contenttypes", "sessions", "admin")


def prepare_database(using: str, **_kwargs: object) -> None:
    """Create the schema and the two group roles if they are missing. Runs before migrations."""
    connection = connections[using]
    quote = connection.ops.quote_name
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {quote(settings.DB_SCHEMA)}")
        cursor.execute("SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)", [[TENANT_ROLE, PLATFORM_ROLE]])
        present = {name for (name,) in cursor.fetchall()}
        for role in {TENANT_ROLE, PLATFORM_ROLE} - present:
            cursor.execute(f"CREATE ROLE {role} NOLOGIN NOBYPASSRLS")
        cursor.execute(f"GRANT USAGE ON SCHEMA {quote(settings.DB_SCHEMA)} TO PUBLIC")


def grant_framework_tables(using: str, **_kwargs: object) -> None:
    """Grant Django's own tables to the platform role, and the list of migrations to every role."""
    connection = connections[using]
    quote = connection.ops.quote_name
    present = set(connection.introspection.table_names())
    with connection.cursor() as cursor:
        for label in FRAMEWORK_APPS:
            for model in apps.get_app_config(label).get_models(include_auto_created=True):
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
    """Raise ImproperlyConfigured if the login would see every tenant's rows or could not enter a scope.

    Web and worker call this before they serve. A superuser, a role with BYPASSRLS, an owner of the
    tables, or a role that may become one of these bypasses row-level security. A role that inherits from the
    group roles can read outside any scope.
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
    remedy = f"Use a login with NOINHERIT that is a member of {TENANT_ROLE} and {PLATFORM_ROLE} only."
    if wrong:
        raise ImproperlyConfigured(
            f'DATABASE_URL signs in as "{name}", which {", ".join(wrong)}: it would see every tenant. {remedy}'
        )
    if not member:
        raise ImproperlyConfigured(
            f'DATABASE_URL signs in as "{name}", which is not a member of {TENANT_ROLE} and {PLATFORM_ROLE}. {remedy}'
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
