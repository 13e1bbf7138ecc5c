"""What the database itself enforces, declared in ``Meta.constraints`` so that migrations create it."""

from typing import Any

from django.db import models
from django.db.models.constraints import BaseConstraint
from django.db.models.sql import Query

from lad.db.operations import run_last
from lad.tenancy.context import PLATFORM_ROLE, TENANT_ROLE

# The sub-select is evaluated once per query instead of once per row. After SET LOCAL the setting reads '', not NULL.
CURRENT_TENANT = "(SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid)"
CURRENT_USER = "(SELECT NULLIF(current_setting('lad.user_id', true), '')::uuid)"


class SqlConstraint(BaseConstraint):
    """A constraint Django cannot check in Python; the database alone decides."""

    arguments: tuple[str, ...] = ()

    def deconstruct(self) -> Any:
        path, _args, kwargs = super().deconstruct()
        kwargs.update({name: getattr(self, name) for name in self.arguments})
        return path, (), kwargs

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.deconstruct() == other.deconstruct()

    __hash__ = None  # type: ignore[assignment]

    def validate(self, *args: Any, **kwargs: Any) -> None:
        """Nothing to check before the database does."""

    def constraint_sql(self, model: Any, schema_editor: Any) -> str:
        return self.create_sql(model, schema_editor)

    def create_sql(self, model: Any, schema_editor: Any) -> str:
        # Tables, unique keys and functions that it refers to may be created later.
        run_last(schema_editor, self.statement(model, schema_editor))
        return ""

    def statement(self, model: Any, schema_editor: Any) -> str:
        """The SQL that makes the constraint."""
        raise NotImplementedError


class RowSecurity(SqlConstraint):
    """Row-level security and grants of one table.

    ``visible`` is what the tenant role may read and ``writable`` what it may write (SQL; empty
    means nothing). ``privileges`` are the tenant role's, ``platform_privileges`` the platform's.
    """

    arguments = ("visible", "writable", "privileges", "platform_privileges")

    def __init__(
        self,
        *,
        name: str,
        visible: str,
        writable: str,
        privileges: tuple[str, ...],
        platform_privileges: tuple[str, ...],
        **kwargs: Any,
    ) -> None:
        self.visible = visible
        self.writable = writable
        self.privileges = tuple(privileges)
        self.platform_privileges = tuple(platform_privileges)
        super().__init__(name=name, **kwargs)

    def statement(self, model: Any, schema_editor: Any) -> str:
        table = schema_editor.quote_name(model._meta.db_table)
        statements = [
            f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
            f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
            f"REVOKE ALL ON {table} FROM PUBLIC, {TENANT_ROLE}, {PLATFORM_ROLE}",
            f"GRANT {', '.join(self.platform_privileges)} ON {table} TO {PLATFORM_ROLE}",
            f'CREATE POLICY "platform" ON {table} TO {PLATFORM_ROLE} USING (true) WITH CHECK (true)',
        ]
        if self.privileges:
            statements.append(f"GRANT {', '.join(self.privileges)} ON {table} TO {TENANT_ROLE}")
        statements += self._tenant_policies(table)
        return ";\n".join(statements)

    def _tenant_policies(self, table: str) -> list[str]:
        if self.visible and self.visible == self.writable:
            return [f'CREATE POLICY "tenant" ON {table} TO {TENANT_ROLE} USING ({self.visible})']
        policies = []
        if self.visible:
            policies.append(
                f'CREATE POLICY "tenant_read" ON {table} FOR SELECT TO {TENANT_ROLE} USING ({self.visible})'
            )
        if self.writable:
            policies += [
                f'CREATE POLICY "tenant_insert" ON {table} FOR INSERT TO {TENANT_ROLE} WITH CHECK ({self.writable})',
                f'CREATE POLICY "tenant_update" ON {table} FOR UPDATE TO {TENANT_ROLE} USING ({self.writable})',
                f'CREATE POLICY "tenant_delete" ON {table} FOR DELETE TO {TENANT_ROLE} USING ({self.writable})',
            ]
        return policies

    def remove_sql(self, model: Any, schema_editor: Any) -> str:
        table = schema_editor.quote_name(model._meta.db_table)
        policies = [policy.split('"')[1] for policy in ('"platform"', *self._tenant_policies(table))]
        drops = [f'DROP POLICY IF EXISTS "{name}" ON {table}' for name in policies]
        return ";\n".join([*drops, f"REVOKE ALL ON {table} FROM {TENANT_ROLE}, {PLATFORM_ROLE}"])


class ReferencedKey(models.UniqueConstraint):
    """A unique key that keys of other tables point to.

    Removing it removes those with it: going backwards, a migration comes to them only later.
    """

    def remove_sql(self, model: Any, schema_editor: Any) -> Any:
        return f"{super().remove_sql(model, schema_editor)} CASCADE"


class KeyConstraint(SqlConstraint):
    """A foreign key with its ON DELETE rule; with the tenant among its fields a row cannot point across tenants.

    ``fields`` are this model's fields, ``to_fields`` those of ``to``, in the same order. It is
    checked at once, so that the error is raised where the wrong row was written.
    """

    arguments = ("fields", "to", "to_fields", "on_delete")

    def __init__(
        self, *, name: str, fields: tuple[str, ...], to: str, to_fields: tuple[str, ...], on_delete: str, **kwargs: Any
    ) -> None:
        self.fields = tuple(fields)
        self.to = to
        self.to_fields = tuple(to_fields)
        self.on_delete = on_delete
        super().__init__(name=name, **kwargs)

    def statement(self, model: Any, schema_editor: Any) -> str:
        quote = schema_editor.quote_name
        target = model._meta.apps.get_model(self.to)
        columns = [quote(model._meta.get_field(field).column) for field in self.fields]
        targets = [quote(target._meta.get_field(field).column) for field in self.to_fields]
        return (
            f"ALTER TABLE {quote(model._meta.db_table)} ADD CONSTRAINT {quote(self.name)}\n"
            f"FOREIGN KEY ({', '.join(columns)}) "
            f"REFERENCES {quote(target._meta.db_table)} ({', '.join(targets)})\n"
            f"ON DELETE {self._delete_rule(columns)} DEFERRABLE INITIALLY IMMEDIATE"
        )

    def _delete_rule(self, columns: list[str]) -> str:
        # Only the key itself becomes null, never the tenant (PostgreSQL 15).
        return f"SET NULL ({columns[-1]})" if self.on_delete == "SET NULL" else self.on_delete

    def remove_sql(self, model: Any, schema_editor: Any) -> str:
        quote = schema_editor.quote_name
        return f"ALTER TABLE {quote(model._meta.db_table)} DROP CONSTRAINT IF EXISTS {quote(self.name)}"


class Trigger(SqlConstraint):
    """A trigger that runs one of the functions in an app's ``sql/`` folders.

    ``when`` is BEFORE or AFTER, ``event`` what fires it, ``level`` ROW or STATEMENT,
    ``transition`` the REFERENCING clause, ``parameters`` text handed to the function.
    """

    arguments: tuple[str, ...] = ("function", "when", "event", "level", "transition", "parameters")

    def __init__(
        self,
        *,
        name: str,
        function: str,
        when: str,
        event: str,
        level: str = "ROW",
        transition: str = "",
        parameters: tuple[str, ...] = (),
        **kwargs: Any,
    ) -> None:
        self.function = function
        self.when = when
        self.event = event
        self.level = level
        self.transition = transition
        self.parameters = tuple(parameters)
        super().__init__(name=name, **kwargs)

    def statement(self, model: Any, schema_editor: Any) -> str:
        quote = schema_editor.quote_name
        parameters = ", ".join("'" + parameter.replace("'", "''") + "'" for parameter in self.parameters)
        referencing = f" REFERENCING {self.transition}" if self.transition else ""
        return (
            f"CREATE TRIGGER {quote(self.name)} {self.when} {self.event} ON {quote(model._meta.db_table)}"
            f"{referencing}\nFOR EACH {self.level} EXECUTE FUNCTION {self.function}({parameters})"
        )

    def remove_sql(self, model: Any, schema_editor: Any) -> str:
        quote = schema_editor.quote_name
        return f"DROP TRIGGER IF EXISTS {quote(self.name)} ON {quote(model._meta.db_table)}"


class ColumnsTrigger(Trigger):
    """A row trigger of updates that change one of ``columns``; other updates do not even call its function."""

    arguments = (*Trigger.arguments, "columns")

    def __init__(self, *, columns: tuple[str, ...], **kwargs: Any) -> None:
        self.columns = tuple(columns)
        super().__init__(**kwargs)

    def statement(self, model: Any, schema_editor: Any) -> str:
        quote = schema_editor.quote_name
        changed = " OR ".join(f"OLD.{quote(name)} IS DISTINCT FROM NEW.{quote(name)}" for name in self.columns)
        return (
            super().statement(model, schema_editor).replace(" EXECUTE FUNCTION", f" WHEN ({changed})\nEXECUTE FUNCTION")
        )


class DeferredTrigger(Trigger):
    """A row trigger that runs when the transaction commits: for rules that hold between rows, not while they change."""

    def statement(self, model: Any, schema_editor: Any) -> str:
        made = super().statement(model, schema_editor).replace("CREATE TRIGGER", "CREATE CONSTRAINT TRIGGER", 1)
        return made.replace("FOR EACH", "DEFERRABLE INITIALLY DEFERRED FOR EACH", 1)


class SharedKeyTrigger(Trigger):
    """The trigger behind a ``SharedForeignKey``; its function is told the table and column that own the target."""

    arguments = (*Trigger.arguments, "to")

    def __init__(self, *, to: str, **kwargs: Any) -> None:
        self.to = to
        super().__init__(**kwargs)

    def statement(self, model: Any, schema_editor: Any) -> str:
        target = model._meta.apps.get_model(self.to)
        owner = target._meta.get_field(target.tenancy.field if hasattr(target, "tenancy") else "tenant").column
        told = Trigger(
            **{name: getattr(self, name) for name in ("name", *Trigger.arguments[:-1])},
            parameters=(*self.parameters, target._meta.db_table, owner),
        )
        return told.statement(model, schema_editor)


class NoOverlap(SqlConstraint):
    """No two rows with equal ``fields`` (null equals null) have overlapping times from ``start`` until before ``end``.

    An empty ``end`` never ends; rows outside ``condition`` are free. The fields are compared by a
    63-bit hash, because an exclusion over both kinds of value would need an extension of PostgreSQL.
    """

    arguments = ("fields", "start", "end", "condition")

    def __init__(
        self,
        *,
        name: str,
        fields: tuple[str, ...],
        start: str,
        end: str,
        condition: models.Q | None = None,
        **kwargs: Any,
    ) -> None:
        self.fields = tuple(fields)
        self.start = start
        self.end = end
        self.condition = condition
        super().__init__(name=name, **kwargs)

    def statement(self, model: Any, schema_editor: Any) -> str:
        quote = schema_editor.quote_name
        column = {name: quote(model._meta.get_field(name).column) for name in (*self.fields, self.start, self.end)}
        # Length before text: ('a', 'bc') and ('ab', 'c') must differ.
        parts = [f"COALESCE(length({c}::text) || ':' || {c}::text, '-')" for c in (column[f] for f in self.fields)]
        key = f"hashtextextended({' || '.join(parts)}, 0) >> 1"
        where = f" WHERE ({_sql(self.condition, model, schema_editor)})" if self.condition is not None else ""
        return (
            f"ALTER TABLE {quote(model._meta.db_table)} ADD CONSTRAINT {quote(self.name)} EXCLUDE USING gist (\n"
            f"    int8range({key}, {key}, '[]') WITH &&,\n"
            f"    tstzrange({column[self.start]}, {column[self.end]}, '[)') WITH &&\n"
            f"){where}"
        )

    def remove_sql(self, model: Any, schema_editor: Any) -> str:
        quote = schema_editor.quote_name
        return f"ALTER TABLE {quote(model._meta.db_table)} DROP CONSTRAINT IF EXISTS {quote(self.name)}"


class TableStorage(SqlConstraint):
    """Storage parameters of one table, such as its fillfactor and how eagerly it is vacuumed."""

    arguments = ("parameters",)

    def __init__(self, *, name: str, parameters: dict[str, str], **kwargs: Any) -> None:
        self.parameters = dict(parameters)
        super().__init__(name=name, **kwargs)

    def statement(self, model: Any, schema_editor: Any) -> str:
        settings = ", ".join(f"{name} = {value}" for name, value in self.parameters.items())
        return f"ALTER TABLE {schema_editor.quote_name(model._meta.db_table)} SET ({settings})"

    def remove_sql(self, model: Any, schema_editor: Any) -> str:
        return f"ALTER TABLE {schema_editor.quote_name(model._meta.db_table)} RESET ({', '.join(self.parameters)})"


def _sql(condition: models.Q, model: Any, schema_editor: Any) -> str:
    query = Query(model, alias_cols=False)
    compiler = query.get_compiler(connection=schema_editor.connection)
    sql, parameters = query.build_where(condition).as_sql(compiler, schema_editor.connection)
    return str(sql % tuple(schema_editor.quote_value(value) for value in parameters))


def delete_rule(on_delete: Any) -> str:
    """The database's ON DELETE rule for a Django ``on_delete``."""
    rules = {models.CASCADE: "CASCADE", models.SET_NULL: "SET NULL"}
    return rules.get(on_delete, "NO ACTION")
