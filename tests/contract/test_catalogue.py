"""Grants, policies and indexes of every table, read from pg_catalog."""

from typing import Any

from django.apps import apps
from django.conf import settings

from lad.tenancy.roles import FRAMEWORK_APPS
from tests.contract.catalogue import all_models, for_each, slug, tenant_models
from tests.contract.exemptions import (
    EVERY_TENANT_READS,
    NOT_TENANT_FIRST,
    OWNER_POLICY,
    TENANT_OPTIONAL,
    UNIQUE_WITHOUT_TENANT,
    exempt,
    stale,
)
from tests.contract.sql import query, regclass
from tests.contract.world import World

MODELS = all_models()
TENANT_MODELS = tenant_models()
CURRENT_TENANT = "( SELECT (NULLIF(current_setting('lad.tenant_id'::text, true), ''::text))::uuid"
ROWS = {"SELECT", "INSERT", "UPDATE", "DELETE"}


def grants(model: Any) -> dict[str, set[str]]:
    """Role → privileges on the whole table; the owner left out."""
    found: dict[str, set[str]] = {}
    for role, privilege in query(
        "SELECT CASE grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(grantee)::text END, privilege_type"
        " FROM pg_class, aclexplode(relacl) WHERE pg_class.oid = %s::regclass AND grantee <> relowner",
        [regclass(model)],
    ):
        found.setdefault(role, set()).add(privilege)
    return found


def policies(model: Any) -> list[tuple[str, list[str], str, str | None, str | None]]:
    """Name, roles, command, USING, WITH CHECK."""
    return [
        (name, list(roles), command, using, check)
        for name, roles, command, using, check in query(
            "SELECT policyname::text, roles::text[], cmd, qual, with_check FROM pg_policies"
            " WHERE schemaname = %s AND tablename = %s AND permissive = 'PERMISSIVE'",
            [settings.DB_SCHEMA, model._meta.db_table],
        )
    ]


def indexes(model: Any) -> list[tuple[str, bool, list[str]]]:
    """Name, uniqueness and key columns of every index but the primary key's."""
    return [
        (name, unique, list(columns))
        for name, unique, columns in query(
            "SELECT c.relname::text, i.indisunique,"
            " ARRAY(SELECT pg_get_indexdef(i.indexrelid, k, true) FROM generate_series(1, i.indnkeyatts) k)"
            " FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
            " WHERE i.indrelid = %s::regclass AND NOT i.indisprimary ORDER BY 1",
            [regclass(model)],
        )
    ]


def owner(model: Any) -> str:
    [(name,)] = query(
        "SELECT pg_get_userbyid(relowner)::text FROM pg_class WHERE oid = %s::regclass", [regclass(model)]
    )
    return str(name)


def tenant_column(model: Any) -> str:
    return str(model._meta.get_field(model.tenancy.field).column)


@for_each(MODELS, "rls")
def test_row_level_security_is_enabled_and_forced(model: Any, world: World) -> None:
    assert query(
        "SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE oid = %s::regclass", [regclass(model)]
    ) == [(True, True)]


@for_each(MODELS, "policies")
def test_policies_name_the_two_roles_and_nobody_else(model: Any, world: World) -> None:
    found = policies(model)
    assert ("platform", ["lad_platform"], "ALL", "true", "true") in found
    named = {role for _name, roles, *_rest in found for role in roles}
    assert named - {"lad_platform", "lad_app"} == ({owner(model)} if exempt(OWNER_POLICY, slug(model)) else set())
    writing = [p for p in found if p[1] == ["lad_app"] and p[2] != "SELECT"]
    assert all("true" not in (using, check) for _name, _roles, _command, using, check in writing)


@for_each(TENANT_MODELS, "policies")
def test_tenant_policies_compare_the_tenant_in_a_sub_select(model: Any, world: World) -> None:
    own = f"{tenant_column(model)} = {CURRENT_TENANT}"
    mine = [policy for policy in policies(model) if policy[1] == ["lad_app"]]
    assert mine
    for name, _roles, command, using, check in mine:
        for predicate in (using, check):
            if predicate is None:
                continue
            assert own in predicate, name
            assert " OR " not in predicate or (model.tenancy.shared and command == "SELECT"), name


@for_each(MODELS, "grants")
def test_grants_are_no_more_than_the_table_needs(model: Any, world: World) -> None:
    found = grants(model)
    assert set(found) <= {"lad_app", "lad_platform"}
    app, platform = found.get("lad_app", set()), found.get("lad_platform", set())
    assert app | platform <= ROWS
    assert not app & set(model.withheld)
    if model.append_only:
        assert app | platform <= {"SELECT", "INSERT"}
    if model.soft_deletable:
        assert "DELETE" not in app
    if model.tenancy.field is None and not model.privileges:
        assert not app


def test_every_table_in_the_schema_is_a_classified_model_or_djangos_own(world: World) -> None:
    framework = {
        model._meta.db_table
        for label in FRAMEWORK_APPS
        for model in apps.get_app_config(label).get_models(include_auto_created=True)
    }
    known = {model._meta.db_table for model in MODELS} | framework | {"django_migrations"}
    tables = query(
        "SELECT relname::text FROM pg_class WHERE relnamespace = %s::regnamespace AND relkind IN ('r', 'p')",
        [settings.DB_SCHEMA],
    )
    assert {name for (name,) in tables} <= known


def test_the_tenant_role_reads_none_of_djangos_tables_but_the_content_types(world: World) -> None:
    readable = query(
        "SELECT relname::text FROM pg_class WHERE relnamespace = %s::regnamespace AND relkind IN ('r', 'p', 'v', 'm')"
        " AND has_table_privilege('lad_app', oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE')",
        [settings.DB_SCHEMA],
    )
    ours = {model._meta.db_table for model in MODELS}
    assert {name for (name,) in readable} - ours <= {"django_content_type", "django_migrations"}


def test_the_login_role_reads_nothing_by_itself(world: World) -> None:
    readable = query(
        "SELECT relname::text FROM pg_class WHERE relnamespace = %s::regnamespace AND relkind IN ('r', 'p', 'v', 'm')"
        " AND has_table_privilege('lad_web', oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE')",
        [settings.DB_SCHEMA],
    )
    assert {name for (name,) in readable} <= {"django_migrations"}


def test_no_view_reads_as_its_owner(world: World) -> None:
    views = query(
        "SELECT relname::text FROM pg_class WHERE relnamespace = %s::regnamespace AND relkind IN ('v', 'm')"
        " AND NOT coalesce(reloptions::text LIKE '%%security_invoker=true%%', false)",
        [settings.DB_SCHEMA],
    )
    assert views == []


def test_functions_that_run_as_their_owner_pin_their_search_path(world: World) -> None:
    loose = query(
        "SELECT proname::text FROM pg_proc WHERE pronamespace = %s::regnamespace AND prosecdef"
        " AND NOT coalesce(proconfig::text LIKE '%%search_path%%', false)",
        [settings.DB_SCHEMA],
    )
    assert loose == []


def test_no_role_of_a_request_bypasses_row_level_security_or_owns_a_table(world: World) -> None:
    assert (
        query(
            "SELECT rolname FROM pg_roles WHERE rolname IN ('lad_app', 'lad_platform', 'lad_web')"
            " AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolinherit AND rolname = 'lad_web')"
        )
        == []
    )
    assert query("SELECT tablename FROM pg_tables WHERE tableowner IN ('lad_app', 'lad_platform', 'lad_web')") == []


@for_each(TENANT_MODELS, "indexes")
def test_every_index_of_a_tenant_table_leads_with_the_tenant(model: Any, world: World) -> None:
    found = indexes(model)
    assert found
    for name, _unique, columns in found:
        assert columns[0] == tenant_column(model) or exempt(NOT_TENANT_FIRST, name), name


@for_each(TENANT_MODELS, "unique")
def test_unique_keys_of_tenant_tables_reveal_nothing_of_other_tenants(model: Any, world: World) -> None:
    for name, unique, columns in indexes(model):
        assert not unique or tenant_column(model) in columns or exempt(UNIQUE_WITHOUT_TENANT, name), name


@for_each(TENANT_MODELS, "required")
def test_the_tenant_is_required_unless_rows_are_shared(model: Any, world: World) -> None:
    [(required,)] = query(
        "SELECT attnotnull FROM pg_attribute WHERE attrelid = %s::regclass AND attname = %s",
        [regclass(model), tenant_column(model)],
    )
    assert required is not (model.tenancy.shared or exempt(TENANT_OPTIONAL, slug(model)))


def test_exemptions_of_the_catalogue_are_still_needed(world: World) -> None:
    late, loose = set(), set()
    for model in TENANT_MODELS:
        for name, unique, columns in indexes(model):
            if columns[0] != tenant_column(model):
                late.add(name)
            if unique and tenant_column(model) not in columns:
                loose.add(name)
    everywhere = {slug(model) for model in MODELS if model.tenancy.field is None and model.visible == "true"}
    assert stale(NOT_TENANT_FIRST, late) == set()
    assert stale(UNIQUE_WITHOUT_TENANT, loose) == set()
    assert stale(EVERY_TENANT_READS, everywhere) == set()
