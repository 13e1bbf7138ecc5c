"""Keep in one SQLite file all that must survive a restart: mailboxes, planned actions, people, tokens."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson


class Storage:
    """A thin layer over SQLite. Every provider creates its own tables."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA cache_size = -2000")
        self._tables: list[str] = []
        self.create("settings", "key TEXT PRIMARY KEY, value TEXT NOT NULL")

    def create(self, table: str, columns: str, *, index: str = "") -> None:
        """Create a table unless it exists, with one index on the columns named."""
        self._connection.execute(f"CREATE TABLE IF NOT EXISTS {table} ({columns})")
        if index:
            self._connection.execute(f"CREATE INDEX IF NOT EXISTS {table}_index ON {table} ({index})")
        self._tables.append(table)

    def execute(self, statement: str, *values: object) -> sqlite3.Cursor:
        return self._connection.execute(statement, values)

    def rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        return self._connection.execute(statement, values).fetchall()

    def row(self, statement: str, *values: object) -> tuple[Any, ...] | None:
        return self._connection.execute(statement, values).fetchone()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit the statements of the block together. A block inside another one belongs to the outer."""
        if self._connection.in_transaction:
            yield
            return
        self._connection.execute("BEGIN")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def setting(self, key: str) -> Any:
        """Return a stored value, or None."""
        row = self.row("SELECT value FROM settings WHERE key = ?", key)
        return orjson.loads(row[0]) if row else None

    def set(self, key: str, value: object) -> None:
        self.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", key, orjson.dumps(value).decode())

    def clear(self) -> None:
        with self.transaction():
            for table in self._tables:
                self.execute(f"DELETE FROM {table}")

    def close(self) -> None:
        self._connection.close()
