"""A PostgreSQL connection whose transactions can begin together with their first statement."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any, Final

from django.db.backends.postgresql import base
from django.db.backends.postgresql.operations import DatabaseOperations as PostgresOperations

BEGIN: Final = "BEGIN"


class DatabaseOperations(PostgresOperations):
    compiler_module = "lad.postgres.compiler"

    def adapt_datetimefield_value(self, value: Any) -> Any:
        """Send a time in UTC. Python takes offsets of up to a day; PostgreSQL refuses 16 hours and logs the value."""
        if isinstance(value, datetime) and value.utcoffset():
            with suppress(OverflowError):
                return value.astimezone(UTC)
        return value


class DatabaseWrapper(base.DatabaseWrapper):
    ops_class = DatabaseOperations
    _first: tuple[str, Sequence[str]] | None = None

    @contextmanager
    def beginning_with(self, statement: str, parameters: Sequence[str]) -> Iterator[None]:
        """Send the statement with the BEGIN of a transaction that is entered in this block, in one round trip.

        Raises RuntimeError if the block enters no transaction, because then the statement was not sent.
        """
        self._first = (statement, parameters)
        try:
            yield
            if self._first is not None:
                raise RuntimeError("No transaction began, so its first statement was not sent.")
        finally:
            self._first = None

    def _start_transaction_under_autocommit(self) -> None:
        """Begin a transaction. Django calls this where it exists; otherwise the driver would send BEGIN by itself."""
        statement, parameters = self._first or ("", [])
        self._first = None
        try:
            with self.cursor() as cursor:
                cursor.execute(f"{BEGIN}; {statement}" if statement else BEGIN, parameters)
        except BaseException:
            # Django does not know yet that a transaction may have begun.
            self.close()
            raise
