"""The operations and constraints that migrations may import from LAD.

Frozen: a migration that ran in some database must mean the same for ever, so behaviour here only grows.
"""

import re
from collections.abc import Iterator
from importlib.util import find_spec
from inspect import cleandoc
from pathlib import Path
from typing import Any

from django.db.migrations.operations.base import Operation, OperationCategory
from django.db.models.constraints import BaseConstraint

_CREATES = re.compile(r"^CREATE OR REPLACE FUNCTION (\w+)\s*\(", re.MULTILINE)

# Overloads share a name, so each signature is looked up and dropped by itself.
_DROP = """
DO $drop$
DECLARE
    signature text;
BEGIN
    FOREACH signature IN ARRAY ARRAY(
        SELECT oid::regprocedure::text FROM pg_proc
        WHERE pronamespace = current_schema()::regnamespace AND proname IN ({names})
    ) LOOP
        EXECUTE 'DROP FUNCTION IF EXISTS ' || signature || ' CASCADE';
    END LOOP;
END $drop$;
"""


class InstallSql(Operation):
    """Run ``<package>/sql/<name>.v<version>.sql``, which creates SQL functions.

    Backwards it runs the version before; before the first it drops the functions, and with them the
    triggers that call them.
    """

    reduces_to_sql = True
    reversible = True
    category = OperationCategory.SQL

    def __init__(self, package: str, name: str, version: int) -> None:
        self.package = package
        self.name = name
        self.version = version

    def state_forwards(self, app_label: str, state: Any) -> None:
        """Change nothing: functions belong to no model."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        schema_editor.execute(self.text(self.version), params=None)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        created = created_functions(self.text(self.version))
        earlier = self.text(self.version - 1) if self.version > 1 else ""
        if gone := [name for name in created if name not in created_functions(earlier)]:
            names = ", ".join(f"'{name}'" for name in gone)
            schema_editor.execute(_DROP.format(names=names), params=None)
        if earlier:
            schema_editor.execute(earlier, params=None)

    def text(self, version: int) -> str:
        """Return the SQL of one version."""
        return sql_path(self.package, self.name, version).read_text(encoding="utf-8")

    def describe(self) -> str:
        return f"Install {self.name} version {self.version}"

    @property
    def migration_name_fragment(self) -> str:
        return f"{self.name}_v{self.version}"


class TableRule(BaseConstraint):
    """SQL that the database enforces on one table: policies and grants, keys, triggers, storage.

    ``create`` runs at the end of the migration, when its tables, unique keys and functions exist.
    """

    def __init__(self, *, name: str, create: str, remove: str) -> None:
        super().__init__(name=name)
        self.create = cleandoc(create)
        self.remove = cleandoc(remove)

    def deconstruct(self) -> Any:
        path, args, kwargs = super().deconstruct()
        return path, args, {**kwargs, "create": self.create, "remove": self.remove}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TableRule) and self.deconstruct() == other.deconstruct()

    __hash__ = None  # type: ignore[assignment]

    def validate(self, *args: Any, **kwargs: Any) -> None:
        """Leave it to the database."""

    def constraint_sql(self, model: Any, schema_editor: Any) -> str:
        return self.create_sql(model, schema_editor)

    def create_sql(self, model: Any, schema_editor: Any) -> str:
        run_last(schema_editor, self.create)
        return ""

    def remove_sql(self, model: Any, schema_editor: Any) -> str:
        # Django fills in parameters here, of which there are none.
        return self.remove.replace("%", "%%")


def run_last(schema_editor: Any, sql: str) -> None:
    """Have the schema editor run the SQL at its end, after everything that Django itself leaves for the end."""
    if not isinstance(schema_editor.deferred_sql, _RulesLast):
        schema_editor.deferred_sql = _RulesLast(schema_editor.deferred_sql)
    schema_editor.deferred_sql.append(_Rule(sql))


class _Rule(str):
    __slots__ = ()


class _RulesLast(list[Any]):
    """Statements to run at the end, the rules after Django's own: foreign keys need the unique keys."""

    def __iter__(self) -> Iterator[Any]:
        return iter(sorted(super().__iter__(), key=lambda sql: isinstance(sql, _Rule)))


def created_functions(text: str) -> list[str]:
    """Return the names of the functions that the SQL creates."""
    return list(dict.fromkeys(_CREATES.findall(text)))


def sql_path(package: str, name: str, version: int) -> Path:
    """Return where that version of an SQL file lies, without importing the package."""
    root, *rest = package.split(".")
    spec = find_spec(root)
    assert spec is not None and spec.origin is not None, f"There is no package {root}."
    return Path(spec.origin).parent.joinpath(*rest, "sql", f"{name}.v{version}.sql")
