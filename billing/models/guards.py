"""Rules about how a row may change, which a check on one row cannot express."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lad.db.constraints import SqlConstraint, Trigger


class Numbered(SqlConstraint):
    """The database counts the rows with the same values, from 1, also when they are written at the same moment.

    ``field`` gets the number, ``fields`` are what the rows have in common.
    """

    arguments = ("field", "fields")

    def __init__(self, *, name: str, field: str, fields: tuple[str, ...], **kwargs: Any) -> None:
        self.field = field
        self.fields = tuple(fields)
        super().__init__(name=name, **kwargs)

    def statement(self, model: Any, schema_editor: Any) -> str:
        table, name = schema_editor.quote_name(model._meta.db_table), schema_editor.quote_name(self.name)
        columns, number = self._columns(model, self.fields), self._columns(model, (self.field,))[0]
        same = " AND ".join(f"{column} IS NOT DISTINCT FROM NEW.{column}" for column in columns)
        kept = " AND ".join(f"OLD.{column} IS NOT DISTINCT FROM NEW.{column}" for column in columns)
        lock = ", ".join(f"NEW.{column}::text" for column in columns)
        return (
            f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN\n"
            f"    IF TG_OP = 'UPDATE' THEN IF {kept} THEN NEW.{number} := OLD.{number}; RETURN NEW; END IF; END IF;\n"
            # Whoever counts the same rows at the same moment waits here until this transaction has ended.
            f"    PERFORM pg_advisory_xact_lock(hashtextextended(jsonb_build_array(TG_RELID, {lock})::text, 0));\n"
            f"    SELECT COALESCE(max({number}), 0) + 1 INTO NEW.{number} FROM {table} WHERE {same};\n"
            "    RETURN NEW;\nEND $$;\n"
            f"CREATE TRIGGER {name} BEFORE INSERT OR UPDATE OF {', '.join((*columns, number))} ON {table}\n"
            f"FOR EACH ROW EXECUTE FUNCTION {name}()"
        )

    def remove_sql(self, model: Any, schema_editor: Any) -> str:
        table, name = schema_editor.quote_name(model._meta.db_table), schema_editor.quote_name(self.name)
        return f"DROP TRIGGER IF EXISTS {name} ON {table};\nDROP FUNCTION IF EXISTS {name}()"

    def _columns(self, model: Any, names: Sequence[str]) -> list[str]:
        return [str(model._meta.get_field(name).column) for name in names]


class FixedOnceBegun(SqlConstraint):
    """From the moment that a row itself names, the database keeps some of its columns as they are."""

    arguments = ("fields", "since")

    def __init__(self, *, name: str, fields: tuple[str, ...], since: str, **kwargs: Any) -> None:
        self.fields = tuple(fields)
        self.since = since
        super().__init__(name=name, **kwargs)

    def statement(self, model: Any, schema_editor: Any) -> str:
        table, name = schema_editor.quote_name(model._meta.db_table), schema_editor.quote_name(self.name)
        since, *columns = (model._meta.get_field(each).column for each in (self.since, *self.fields))
        other = " OR ".join(f"OLD.{column} IS DISTINCT FROM NEW.{column}" for column in columns)
        return (
            f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN\n"
            f"    IF OLD.{since} <= clock_timestamp() AND ({other}) THEN\n"
            "        RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = TG_NAME,\n"
            "            MESSAGE = 'a row that has begun keeps what it began with';\n"
            "    END IF;\n    RETURN NEW;\nEND $$;\n"
            f"CREATE TRIGGER {name} BEFORE UPDATE OF {', '.join(columns)} ON {table}\n"
            f"FOR EACH ROW EXECUTE FUNCTION {name}()"
        )

    def remove_sql(self, model: Any, schema_editor: Any) -> str:
        table, name = schema_editor.quote_name(model._meta.db_table), schema_editor.quote_name(self.name)
        return f"DROP TRIGGER IF EXISTS {name} ON {table};\nDROP FUNCTION IF EXISTS {name}()"


def status_steps(
    *,
    name: str,
    steps: Mapping[str, Sequence[str]],
    open_states: Sequence[str],
    free_columns: Sequence[str],
    violation_error_message: str,
) -> Trigger:
    """How ``status`` may move, and what stays as it is once a row has left its ``open_states``.

    ``steps`` maps a status to those it may become. Outside of ``open_states`` the row cannot be
    deleted and only ``free_columns`` may change.
    """
    moves = [f"{status}>{other}" for status, others in steps.items() for other in others]
    return Trigger(
        name=name,
        function="lad_status_steps",
        when="BEFORE",
        event="UPDATE OR DELETE",
        parameters=(_array(open_states), _array((*free_columns, "status", "updated_at")), _array(moves)),
        violation_error_message=violation_error_message,
    )


def _array(words: Iterable[str]) -> str:
    return "{" + ",".join(words) + "}"
