"""The audit log's figures that Python and SQL share, and the constraint that lets only the trigger write it.

``lad_audit`` (lad/audit/sql) compares the rows before and after every statement. Up to ``FEW_ROWS`` rows
give one entry each. For more rows it first asks which columns changed at all, compares only those row by
row, and packs the rows into entries of about ``ROWS_PER_ENTRY``: the values of a column side by side, or once
where they are the same for all. docs/decisions/0005-audit-log.md gives the reasons and the cost.

The rows of a packed statement are divided into a power of two of buckets by the low bits of their keys. An
entry's ``bucket`` is that power plus those bits, so that ``possible_buckets`` finds the entries of a row.
"""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from lad.db.constraints import SqlConstraint

FEW_ROWS: Final = 100
ROWS_PER_ENTRY: Final = 1000
MOST_BUCKET_BITS: Final = 16


def possible_buckets(row_id: UUID) -> list[int]:
    """The bucket of the row in a statement of each possible size."""
    return [(1 << bits) + (row_id.int & ((1 << bits) - 1)) for bits in range(MOST_BUCKET_BITS + 1)]


class WrittenByTrigger(SqlConstraint):
    """Row-level security binds the tables' owner too; this lets the trigger function, which runs as the owner, insert.

    ``uncompressed`` columns are stored as they come: compressing them costs more than writing them.
    """

    arguments = ("uncompressed",)

    def __init__(self, *, name: str, uncompressed: Sequence[str] = (), **kwargs: Any) -> None:
        self.uncompressed = tuple(uncompressed)
        super().__init__(name=name, **kwargs)

    def statement(self, model: Any, schema_editor: Any) -> str:
        table = schema_editor.quote_name(model._meta.db_table)
        columns = [schema_editor.quote_name(name) for name in self.uncompressed]
        storage = [f"ALTER TABLE {table} ALTER COLUMN {column} SET STORAGE EXTERNAL" for column in columns]
        policy = f'CREATE POLICY "trigger" ON {table} FOR INSERT TO CURRENT_USER WITH CHECK (true)'
        return ";\n".join([policy, *storage])

    def remove_sql(self, model: Any, schema_editor: Any) -> str:
        return f'DROP POLICY IF EXISTS "trigger" ON {schema_editor.quote_name(model._meta.db_table)}'
