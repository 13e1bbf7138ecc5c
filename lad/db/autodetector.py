"""Finds what migrations are missing: tables as the database sees them, and versions of SQL files."""

from collections.abc import Iterable
from typing import Any

from django.apps import apps
from django.db.migrations import operations
from django.db.migrations.autodetector import MigrationAutodetector, OperationDependency
from django.db.migrations.operations.base import Operation
from django.db.migrations.questioner import MigrationQuestioner
from django.db.migrations.state import ProjectState

from lad.db.folding import fold, in_order
from lad.db.operations import InstallSql, TableRule, created_functions
from lad.db.sql_files import SqlFile, code_of, lad_apps, mentions, sql_files
from lad.db.states import database_state

CREATE = OperationDependency.Type.CREATE


class LadAutodetector(MigrationAutodetector):
    """Compares what the database sees, installs new SQL files, and writes one operation a table."""

    # Django's own, which its stubs leave out.
    generated_operations: dict[str, list[Any]]
    migrations: dict[str, list[Any]]

    def __init__(
        self, from_state: ProjectState, to_state: ProjectState, questioner: MigrationQuestioner | None = None
    ) -> None:
        super().__init__(from_state, database_state(to_state), questioner)
        files = {config.label: sql_files(config) for config in lad_apps()}
        self._files: dict[str, list[SqlFile]] = {label: found for label, found in files.items() if found}
        self._installed: set[tuple[str, str, int]] = set()

    def _detect_changes(self, convert_apps: Any = None, graph: Any = None) -> Any:
        if graph is not None:
            self.existing_apps |= {label for label, _name in graph.nodes}
            self._installed = set(_installed(graph.nodes.values()))
        return super()._detect_changes(convert_apps, graph)  # type: ignore[misc]

    def _sort_migrations(self) -> None:
        super()._sort_migrations()  # type: ignore[misc]
        for label in dict.fromkeys([*self._files, *self.generated_operations]):
            changes = in_order(self.generated_operations.get(label, []), self._is_rule(label))
            for operation in changes:
                operation._auto_deps = [*operation._auto_deps, *self._needs(label, code_of(_sql_of(operation)))]
            changes += self._new_files(label)
            if changes:
                self.generated_operations[label] = changes

    def _is_rule(self, label: str) -> Any:
        def removes_rule(operation: Any) -> bool:
            name = operation.model_name_lower
            options = self.from_state.models[label, self.renamed_models.get((label, name), name)].options
            return any(each.name == operation.name and isinstance(each, TableRule) for each in options["constraints"])

        return removes_rule

    def _new_files(self, label: str) -> list[Operation]:
        """The app's SQL files that no migration installs. They come last: functions may use the tables' row types."""
        found = []
        for file in self._files.get(label, ()):
            if file.key not in self._installed:
                operation: Any = file.operation()
                operation._auto_deps = self._needs(label, file.code)
                found.append(operation)
        return found

    def _needs(self, label: str, sql: str) -> list[OperationDependency]:
        """The functions and tables of other apps that the SQL uses."""
        needed = [
            OperationDependency(other, name, None, CREATE)
            for other, files in self._files.items()
            if other != label
            for name in dict.fromkeys(file.name for file in files)
            if any(mentions(sql, made) for file in files if file.name == name for made in created_functions(file.text))
        ]
        if not _has_tables(label):
            # The kernel's functions come first; their bodies may name tables that do not exist yet.
            return needed
        needed += [
            OperationDependency(other, name, None, CREATE)
            for (other, name), model in self.to_state.models.items()
            if other != label and mentions(sql, model.options.get("db_table") or f"{other}_{name}")
        ]
        return needed

    def check_dependency(self, operation: Any, dependency: Any) -> bool:
        if isinstance(operation, InstallSql):
            return dependency.type == CREATE and dependency.model_name == operation.name
        return bool(super().check_dependency(operation, dependency))

    def _optimize_migrations(self) -> None:
        for label, migrations in self.migrations.items():
            for migration in migrations:
                migration.operations = fold(label, migration.operations, self._field_order(label))
        super()._optimize_migrations()  # type: ignore[misc]

    def _field_order(self, label: str) -> dict[str, list[str]]:
        return {name: list(model.fields) for (other, name), model in self.to_state.models.items() if other == label}

    def arrange_for_graph(self, changes: Any, graph: Any, migration_name: str | None = None) -> Any:
        changes = super().arrange_for_graph(changes, graph, migration_name)
        for label, migrations in changes.items():
            if not _has_tables(label):
                _rename(changes, label, migrations[0], "0001_initial", "0001_functions")
        return changes


def _has_tables(label: str) -> bool:
    return any(apps.get_app_config(label).get_models())


def _installed(migrations: Iterable[Any]) -> Iterable[tuple[str, str, int]]:
    for migration in migrations:
        for operation in migration.operations if migration is not None else ():
            if isinstance(operation, InstallSql):
                yield operation.package, operation.name, operation.version


def _sql_of(operation: Operation) -> str:
    constraint = operation.constraint if isinstance(operation, operations.AddConstraint) else None
    return constraint.create if isinstance(constraint, TableRule) else ""


def _rename(changes: Any, label: str, migration: Any, old: str, new: str) -> None:
    if migration.name != old:
        return
    migration.name = new
    for each in (each for migrations in changes.values() for each in migrations):
        each.dependencies = [(label, new) if key == (label, old) else key for key in each.dependencies]
