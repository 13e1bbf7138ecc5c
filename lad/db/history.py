"""Whether LAD's migrations may run in the schema named by ``DB_SCHEMA``."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from tempfile import gettempdir
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from lad.db.sql_files import lad_apps

KERNEL = "lad"
MOST_NAMED = 5


class ForeignSchema(Exception):
    """The schema holds tables that LAD's current migrations did not create."""


def check_schema(connection: Any) -> list[str]:
    """Return the schema's tables that belong to no installed model.

    Only reads. Raises ForeignSchema when the schema holds tables and LAD's current migrations are
    neither applied nor could be applied from the start.
    """
    tables = _tables(connection)
    if not tables:
        return []
    history = MigrationRecorder.Migration._meta.db_table
    if history not in tables:
        raise _refusal(connection, f"holds tables and no history of migrations: {_some(tables)}")
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT app, name FROM {connection.ops.quote_name(settings.DB_SCHEMA)}.{history}")
        applied = set(cursor.fetchall())
    labels = {config.label for config in lad_apps()}
    ours = {key for key in applied if key[0] in labels}
    _check_history(connection, ours)
    known = {history, *_installed_tables(None)}
    unknown = [table for table in tables if table not in known]
    if not ours:
        # Django's own tables stay when LAD's are unapplied; anything else is somebody else's.
        beside = [table for table in tables if table not in {history, *_installed_tables(labels)}]
        if beside:
            raise _refusal(connection, f"holds tables, and none of LAD's migrations is applied: {_some(beside)}")
    return unknown


def _check_history(connection: Any, ours: set[tuple[str, str]]) -> None:
    loader = MigrationLoader(None, ignore_no_migrations=True)
    replaced = {key for migration in loader.disk_migrations.values() for key in migration.replaces}
    if strange := sorted(ours - set(loader.disk_migrations) - replaced):
        names = _some(f"{app}.{name}" for app, name in strange)
        raise _refusal(connection, f"has migrations applied that this version of LAD does not have: {names}")
    first = min(name for app, name in loader.disk_migrations if app == KERNEL)
    if ours and not ours & {(KERNEL, first), *loader.disk_migrations[KERNEL, first].replaces}:
        names = _some(f"{app}.{name}" for app, name in sorted(ours))
        raise _refusal(connection, f"was migrated by an older version of LAD, without {KERNEL}.{first}: {names}")


def _tables(connection: Any) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class JOIN pg_namespace AS space ON space.oid = relnamespace"
            " WHERE nspname = %s AND relkind IN ('r', 'p', 'f') AND NOT EXISTS ("
            "   SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid AND deptype = 'e')"
            " ORDER BY relname",
            [settings.DB_SCHEMA],
        )
        return [name for (name,) in cursor.fetchall()]


def _installed_tables(except_labels: set[str] | None) -> Iterable[str]:
    for model in apps.get_models(include_auto_created=True):
        if model._meta.app_label not in (except_labels or ()):
            yield model._meta.db_table


def _some(names: Iterable[str]) -> str:
    listed: Sequence[str] = list(names)
    more = f" and {len(listed) - MOST_NAMED} more" if len(listed) > MOST_NAMED else ""
    return f"{', '.join(listed[:MOST_NAMED])}{more}"


def _refusal(connection: Any, found: str) -> ForeignSchema:
    database = connection.settings_dict["NAME"]
    return ForeignSchema(
        f'The schema "{settings.DB_SCHEMA}" of the database "{database}" {found}. '
        f"Nothing was changed. {_way_out(connection)}"
    )


def _way_out(connection: Any) -> str:
    home = Path(settings.LAD_HOME).absolute()
    place = connection.settings_dict
    host = Path(place.get("OPTIONS", {}).get("host") or place.get("HOST") or "/")
    # Where LAD_HOME is a long path, the socket lies in the directory for temporary files.
    if host.is_relative_to(home) or (host.is_relative_to(gettempdir()) and host.name.startswith("lad-")):
        return f"To start afresh, remove {home} (its data is lost) and run make up again."
    return "To start afresh, set DB_SCHEMA to another name, or use an empty database."
