"""The versioned SQL files of the apps: ``<app>/**/sql/<name>.v<N>.sql``."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from django.apps import apps

from lad.db.models import LadModel
from lad.db.operations import InstallSql, created_functions

_FILE_NAME = re.compile(r"(\w+)\.v([1-9]\d*)\.sql")
_COMMENT_OR_TEXT = re.compile(r"--.*|'(?:[^']|'')*'")


class WrongSqlFile(Exception):
    """An SQL file has a name that says no version, or a version is missing."""


@dataclass(frozen=True)
class SqlFile:
    """One version of one SQL file."""

    package: str
    name: str
    version: int
    path: Path

    @cached_property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def code(self) -> str:
        """The SQL without comments and texts."""
        return code_of(self.text)

    @property
    def summary(self) -> str:
        """The first sentence of the comment at the head of the file."""
        head = self.text.partition("\n\n")[0]
        comment = " ".join(line.removeprefix("--").strip() for line in head.splitlines() if line.startswith("--"))
        return f"{comment.partition('. ')[0].rstrip('.')}."

    @property
    def key(self) -> tuple[str, str, int]:
        return self.package, self.name, self.version

    def operation(self) -> InstallSql:
        """Return the operation that installs this version."""
        return InstallSql(self.package, self.name, self.version)


def lad_apps() -> list[Any]:
    """Return the configurations of LAD's own apps."""
    return [
        config
        for config in apps.get_app_configs()
        if config.name.partition(".")[0] == "lad" or any(issubclass(each, LadModel) for each in config.get_models())
    ]


def sql_files(config: Any) -> list[SqlFile]:
    """Return the app's SQL files, each after those whose functions it calls and after its earlier version.

    The files of an app inside another one, such as lad.audit, belong to the outer one, which is
    migrated first. Raises WrongSqlFile.
    """
    if "." in config.name:
        return []
    root = Path(config.path)
    found = [_read(config.name, root, path) for path in sorted(root.rglob("sql/*.sql"))]
    _check_versions(found)
    return _in_order(found)


def newest(files: Iterable[SqlFile]) -> list[SqlFile]:
    """Return the last version of each file, in the given order."""
    return list({(each.package, each.name): each for each in files}.values())


def code_of(sql: str) -> str:
    """Return the SQL without comments and texts, which may use any word."""
    return _COMMENT_OR_TEXT.sub(" ", sql)


def mentions(text: str, name: str) -> bool:
    """Return whether SQL code names that function or table."""
    return re.search(rf"\b{name}\b", text) is not None


def _read(app: str, root: Path, path: Path) -> SqlFile:
    match = _FILE_NAME.fullmatch(path.name)
    if match is None:
        raise WrongSqlFile(f"{path} must be named like <function>.v1.sql.")
    package = ".".join((app, *path.parent.parent.relative_to(root).parts))
    return SqlFile(package, match[1], int(match[2]), path)


def _check_versions(files: Sequence[SqlFile]) -> None:
    known = {each.key for each in files}
    for each in files:
        if each.version > 1 and (each.package, each.name, each.version - 1) not in known:
            raise WrongSqlFile(f"{each.path} has no version {each.version - 1} beside it.")


def _in_order(files: Sequence[SqlFile]) -> list[SqlFile]:
    """Order files by package and name, those that others call before them.

    PostgreSQL checks the calls of an SQL function when the function is created.
    """
    by_key = {each.key: each for each in sorted(files, key=lambda each: each.key)}
    makers = {name: each for each in newest(by_key.values()) for name in created_functions(each.text)}
    ordered: dict[tuple[str, str, int], SqlFile] = {}

    def place(file: SqlFile, callers: tuple[SqlFile, ...]) -> None:
        if file.key in ordered:
            return
        if file in callers:
            names = " → ".join(each.path.name for each in (*callers[callers.index(file) :], file))
            raise WrongSqlFile(f"These SQL files call each other in a circle: {names}.")
        for needed in _needed_by(file, by_key, makers):
            place(needed, (*callers, file))
        ordered[file.key] = file

    for file in by_key.values():
        place(file, ())
    return list(ordered.values())


def _needed_by(
    file: SqlFile, by_key: Mapping[tuple[str, str, int], SqlFile], makers: Mapping[str, SqlFile]
) -> Iterator[SqlFile]:
    if file.version > 1:
        yield by_key[file.package, file.name, file.version - 1]
    for name, maker in makers.items():
        if (maker.package, maker.name) != (file.package, file.name) and mentions(file.code, name):
            yield maker
