"""What a database holds in LAD's schema, read from PostgreSQL's catalogues in words that can be compared."""

import re
from typing import Any

import psycopg
from django.apps import apps

from lad.tenancy.roles import FRAMEWORK_APPS

# Each query returns a kind, a name and a definition. Order, object ids and positions of columns do not matter.
QUERIES = (
    """
    SELECT 'function', oid::regprocedure::text,
           pg_get_functiondef(oid) || ' owner ' || proowner::regrole || ' acl '
           || ARRAY(SELECT unnest(proacl)::text ORDER BY 1)::text
    FROM pg_proc WHERE pronamespace = current_schema()::regnamespace
    """,
    """
    SELECT 'table', oid::regclass::text,
           concat_ws(' ', relkind, relpersistence, relowner::regrole, relrowsecurity, relforcerowsecurity,
                     ARRAY(SELECT unnest(reloptions) ORDER BY 1),
                     ARRAY(SELECT unnest(relacl)::text ORDER BY 1))
    FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'S')
    """,
    """
    SELECT 'column', attrelid::regclass || '.' || attname,
           concat_ws(' ', format_type(atttypid, atttypmod), attnotnull, attgenerated, attidentity, attstorage,
                     attcompression, attcollation::regcollation, pg_get_expr(adbin, adrelid),
                     ARRAY(SELECT unnest(attacl)::text ORDER BY 1))
    FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
    LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p') AND attnum > 0 AND NOT attisdropped
    """,
    """
    SELECT 'constraint', conrelid::regclass || '.' || conname,
           pg_get_constraintdef(oid) || CASE WHEN convalidated THEN '' ELSE ' not validated' END
    FROM pg_constraint WHERE connamespace = current_schema()::regnamespace AND conrelid <> 0
    """,
    """
    SELECT 'index', indrelid::regclass || '.' || indexrelid::regclass,
           pg_get_indexdef(indexrelid) || CASE WHEN indisvalid THEN '' ELSE ' invalid' END
    FROM pg_index JOIN pg_class ON pg_class.oid = indrelid WHERE relnamespace = current_schema()::regnamespace
    """,
    """
    SELECT 'trigger', tgrelid::regclass || '.' || tgname, concat_ws(' ', pg_get_triggerdef(pg_trigger.oid), tgenabled)
    FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
    WHERE relnamespace = current_schema()::regnamespace AND NOT tgisinternal
    """,
    """
    SELECT 'policy', tablename || '.' || policyname,
           concat_ws(' | ', permissive, roles, cmd, qual, with_check)
    FROM pg_policies WHERE schemaname = current_schema()
    """,
    """
    SELECT 'schema', nspname::text, nspowner::regrole || ' ' || ARRAY(SELECT unnest(nspacl)::text ORDER BY 1)::text
    FROM pg_namespace WHERE nspname = current_schema()
    """,
)

# ``(ARRAY['a'::character varying])::text[]`` becomes ``ARRAY[('a'::character varying)::text]`` in a dump.
_CAST_TEXT = re.compile(r"\(('(?:[^']|'')*'::character varying)\)::text")
_CAST_LIST = re.compile(r"\((ARRAY\[[^]]*\])\)::text\[\]")

Catalogue = dict[tuple[str, str], str]


def catalogue(database: psycopg.Connection[Any]) -> Catalogue:
    """Return the definition of everything that LAD's models and SQL files declare, by kind and name."""
    others = _tables_of_django()
    return {
        (kind, name): _as_restored(definition)
        for query in QUERIES
        for kind, name, definition in database.execute(query).fetchall()
        if name.partition(".")[0] not in others
    }


def differences(found: Catalogue, declared: Catalogue) -> list[str]:
    """Return a line for each thing that is missing, too much or different."""
    return [
        f"{' '.join(key)}: {found.get(key, 'missing')!r} where the models and SQL files declare {declared.get(key)!r}"
        for key in sorted(found.keys() | declared.keys())
        if found.get(key) != declared.get(key)
    ]


def _as_restored(definition: str) -> str:
    """Write a list of texts as PostgreSQL does both before and after a dump was restored."""
    return _CAST_LIST.sub(r"\1", _CAST_TEXT.sub(r"\1", definition))


def _tables_of_django() -> set[str]:
    models = (each for label in FRAMEWORK_APPS for each in apps.get_app_config(label).get_models(True))
    tables = {"django_migrations", *(model._meta.db_table for model in models)}
    return tables | {f"{table}_id_seq" for table in tables}
