"""Constraints on how a row may change, which a CHECK cannot express."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lad.db.constraints import SqlConstraint, Trigger


class Numbered(SqlConstraint):
    """Number the rows that have the same values in ``fields`` from 1, in ``field``, also under concurrency."""

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
            f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"IF TG_OP = 'UPDATE' THEN IF {kept} THEN NEW.{number} := OLD.{number}; RETURN NEW; END IF; END IF; "
            # Transactions that number the same rows wait here for each other.
            f"PERFORM pg_advisory_xact_lock(hashtextextended(jsonb_build_array(TG_RELID, {lock})::text, 0)); "
            f"SELECT COALESCE(max({number}), 0) + 1 INTO NEW.{number} FROM {table} WHERE {same}; "
            "RETURN NEW; END $$; "
            f"CREATE TRIGGER {name} BEFORE INSERT OR UPDATE OF {', '.join((*columns, number))} ON {table} "
            f"FOR EACH ROW EXECUTE FUNCTION {name}()"
        )

    def remove_sql(self, model: Any, schema_editor: Any) -> str:
        table, name = schema_editor.quote_name(model._meta.db_table), schema_editor.quote_name(self.name)
        return f"DROP TRIGGER IF EXISTS {name} ON {table}; DROP FUNCTION IF EXISTS {name}()"

    def _columns(self, model: Any, names: Sequence[str]) -> list[str]:
        return [str(model._meta.get_field(name).column) for name in names]


class FixedOnceBegun(SqlConstraint):
    """Refuse changes of ``fields`` once the time in the row's ``since`` column has come."""

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
            f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"IF OLD.{since} <= clock_timestamp() AND ({other}) THEN "
            "RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = TG_NAME, "
            "MESSAGE = 'a row that has begun keeps what it began with'; "
            "END IF; RETURN NEW; END $$; "
            f"CREATE TRIGGER {name} BEFORE UPDATE OF {', '.join(columns)} ON {table} "
            f"FOR EACH ROW EXECUTE FUNCTION {name}()"
        )

    def remove_sql(self, model: Any, schema_editor: Any) -> str:
        table, name = schema_editor.quote_name(model._meta.db_table), schema_editor.quote_name(self.name)
        return f"DROP TRIGGER IF EXISTS {name} ON {table}; DROP FUNCTION IF EXISTS {name}()"


def status_steps(
    *,
    name: str,
    steps: Mapping[str, Sequence[str]],
    open_states: Sequence[str],
    free_columns: Sequence[str],
    violation_error_message: str,
) -> Trigger:
    """Return the trigger that limits the changes of ``status`` and protects rows that are no longer open.

    ``steps`` maps each status to the next ones. Outside of ``open_states`` a row cannot be deleted and only
    ``free_columns`` may change.
    """
    transitions = [f"{status}>{other}" for status, others in steps.items() for other in others]
    return Trigger(
        name=name,
        function="lad_status_steps",
        when="BEFORE",
        event="UPDATE OR DELETE",
        parameters=(_array(open_states), _array((*free_columns, "status", "updated_at")), _array(transitions)),
        violation_error_message=violation_error_message,
    )


def _array(words: Iterable[str]) -> str:
    return "{" + ",".join(words) + "}"
