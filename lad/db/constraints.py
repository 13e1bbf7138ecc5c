"""Rules that the database enforces, declared in ``Meta.constraints`` so that migrations create them."""

from collections.abc import Callable, Mapping
from typing import Any

from django.db import models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models.constraints import BaseConstraint
from django.db.models.sql import Query

from lad.db.operations import run_last
from lad.tenancy.context import PLATFORM_ROLE, TENANT_ROLE

# The sub-select is evaluated once per query, not once per row. After a SET LOCAL the setting is '' instead of NULL.
CURRENT_TENANT = "(SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid)"
CURRENT_USER = "(SELECT NULLIF(current_setting('lad.user_id', true), '')::uuid)"


class SqlConstraint(BaseConstraint):
    """A constraint written in SQL. Only the database checks it."""

    arguments: tuple[str, ...] = ()

    def deconstruct(self) -> Any:
        path, _args, kwargs = super().deconstruct()
        kwargs.update({name: getattr(self, name) for name in self.arguments})
        return path, (), kwargs

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.deconstruct() == other.deconstruct()

    __hash__ = None  # type: ignore[assignment]

    def validate(self, *args: object, **kwargs: object) -> None:
        """Check nothing: the database does."""

    def constraint_sql(self, model: type[models.Model] | None, schema_editor: BaseDatabaseSchemaEditor | None) -> str:
        return self.create_sql(model, schema_editor)

    def create_sql(self, model: type[models.Model] | None, schema_editor: BaseDatabaseSchemaEditor | None) -> str:
        assert model is not None
        assert schema_editor is not None
        # Tables, unique keys and functions that it refers to may be created later in the migration.
        run_last(schema_editor, self.statement(model, schema_editor))
        return ""

    def remove_sql(self, model: type[models.Model] | None, schema_editor: BaseDatabaseSchemaEditor | None) -> str:
        assert model is not None
        assert schema_editor is not None
        return self.removal(model, schema_editor)

    def statement(self, model: type[models.Model], schema_editor: BaseDatabaseSchemaEditor) -> str:
        """Return the SQL that creates the constraint."""
        raise NotImplementedError

    def removal(self, model: type[models.Model], schema_editor: BaseDatabaseSchemaEditor) -> str:
        """Return the SQL that drops the constraint."""
        raise NotImplementedError


class RowSecurity(SqlConstraint):
    """Row-level security and grants of one table.

    ``visible`` and ``writable`` are SQL predicates for the rows that the tenant role may read and write; an
    empty one allows none. ``privileges`` are granted to the tenant role, ``platform_privileges`` to the
    platform role. ``withheld`` maps privileges to the fields for which the tenant role does not get them.
    """

    arguments = ("visible", "writable", "privileges", "platform_privileges", "withheld")

    def __init__(
        self,
        *,
        name: str,
        visible: str,
        writable: str,
        privileges: tuple[str, ...],
        platform_privileges: tuple[str, ...],
        withheld: Mapping[str, tuple[str, ...]] | None = None,
        **kwargs: Any,
    ) -> None:
        self.withheld = {privilege: tuple(fields) for privilege, fields in (withheld or {}).items()}
        self.visible = visible
        self.writable = writable
        self.privileges = tuple(privileges)
        self.platform_privileges = tuple(platform_privileges)
        super().__init__(name=name, **kwargs)

    def statement(self, model: type[models.Model], schema_editor: BaseDatabaseSchemaEditor) -> str:
        table = schema_editor.quote_name(model._meta.db_table)
        statements = [
            f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
            f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
            f"REVOKE ALL ON {table} FROM PUBLIC, {TENANT_ROLE}, {PLATFORM_ROLE}",
            f"GRANT {', '.join(self.platform_privileges)} ON {table} TO {PLATFORM_ROLE}",
            f'CREATE POLICY "platform" ON {table} TO {PLATFORM_ROLE} USING (true) WITH CHECK (true)',
        ]
        if self.privileges:
            granted = ", ".join(self._granted(privilege, model, schema_editor) for privilege in self.privileges)
            statements.append(f"GRANT {granted} ON {table} TO {TENANT_ROLE}")
        statements += self._tenant_policies(table)
        return ";\n".join(statements)

    def _granted(self, privilege: str, model: type[models.Model], schema_editor: BaseDatabaseSchemaEditor) -> str:
        """Return the privilege, with the columns it is limited to if some are withheld."""
        withheld = self.withheld.get(privilege, ())
        if not withheld:
            return privilege
        fields = [field for field in model._meta.local_concrete_fields if field.name not in withheld]
        return f"{privilege} ({', '.join(schema_editor.quote_name(str(field.column)) for field in fields)})"

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

    def removal(self, model: type[models.Model], schema_editor: BaseDatabaseSchemaEditor) -> str:
        table = schema_editor.quote_name(model._meta.db_table)
        policies = [policy.split('"')[1] for policy in ('"platform"', *self._tenant_policies(table))]
        drops = [f'DROP POLICY IF EXISTS "{name}" ON {table}' for name in policies]
        return ";\n".join([*drops, f"REVOKE ALL ON {table} FROM {TENANT_ROLE}, {PLATFORM_ROLE}"])


class ReferencedKey(models.UniqueConstraint):
    """A unique key that foreign keys of other tables reference.

    Dropping it drops those foreign keys too, because a reversed migration reaches them only later.
    """

    def remove_sql(self, model: type[models.Model] | None, schema_editor: BaseDatabaseSchemaEditor | None) -> str:
        return f"{super().remove_sql(model, schema_editor)} CASCADE"


class KeyConstraint(SqlConstraint):
    """A foreign key with its ON DELETE rule. With the tenant among its fields it cannot cross tenants.

    ``fields`` are fields of this model, ``to_fields`` those of ``to`` in the same order. It is checked
    immediately, so that the error is raised by the statement that caused it.
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

    def statement(self, model: type[models.Model], schema_editor: BaseDatabaseSchemaEditor) -> str:
        quote = schema_editor.quote_name
        target = model._meta.apps.get_model(self.to)
        columns = [quote(_column(model, field)) for field in self.fields]
        targets = [quote(_column(target, field)) for field in self.to_fields]
        return (
            f"ALTER TABLE {quote(model._meta.db_table)} ADD CONSTRAINT {quote(self.name)}\n"
            f"FOREIGN KEY ({', '.join(columns)}) "
            f"REFERENCES {quote(target._meta.db_table)} ({', '.join(targets)})\n"
            f"ON DELETE {self._delete_rule(columns)} DEFERRABLE INITIALLY IMMEDIATE"
        )

    def _delete_rule(self, columns: list[str]) -> str:
        # Only the key itself becomes null, never the tenant. Needs PostgreSQL 15.
        return f"SET NULL ({columns[-1]})" if self.on_delete == "SET NULL" else self.on_delete

    def removal(self, model: type[models.Model], schema_editor: BaseDatabaseSchemaEditor) -> str:
        quote = schema_editor.quote_name
        return f"ALTER TABLE {quote(model._meta.db_table)} DROP CONSTRAINT IF EXISTS {quote(self.name)}"


class Trigger(SqlConstraint):
    """A trigger that runs one of the functions in an app's ``sql/`` folders.

    ``when`` is BEFORE or AFTER, ``event`` for example UPDATE, ``level`` ROW or STATEMENT, ``transition`` the
    REFERENCING clause. ``parameters`` are passed to the function as text.
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

    def statement(self, model: type[models.Model], schema_editor: BaseDatabaseSchemaEditor) -> str:
        quote = schema_editor.quote_name
        parameters = ", ".join("'" + parameter.replace("'", "''") + "'" for parameter in self.parameters)
        referencing = f" REFERENCING {self.transition}" if self.transition else ""
        return (
            f"CREATE TRIGGER {quote(self.name)} {self.when} {self.event} ON {quote(model._meta.db_table)}"
            f"{referencing}\nFOR EACH {self.level} EXECUTE FUNCTION {self.function}({parameters})"
        )

    def removal(self, model: type[models.Model], schema_editor: BaseDatabaseSchemaEditor) -> str:
        quote = schema_editor.quote_name
        return f"DROP TRIGGER IF EXISTS {quote(self.name)} ON {quote(model._meta.db_table)}"


class ColumnsTrigger(Trigger):
    """A row trigger for updates of ``columns``. Other updates do not call its function."""

    arguments = (*Trigger.arguments, "columns")

    def __init__(self, *, columns: tuple[str, ...], **kwargs: Any) -> None:
        self.columns = tuple(columns)
        super().__init__(**kwargs)

    def statement(self, model: type[models.Model], schema_editor: BaseDatabaseSchemaEditor) -> str:
        quote = schema_editor.quote_name
        changed = " OR ".join(f"OLD.{quote(name)} IS DISTINCT FROM NEW.{quote(name)}" for name in self.columns)
        return (
            super().statement(model, schema_editor).replace(" EXECUTE FUNCTION", f" WHEN ({changed})\nEXECUTE FUNCTION")
        )


class ConditionalTrigger(Trigger):
    """A row trigger that runs for rows that meet ``condition``. Others cost next to nothing."""

    arguments = (*Trigger.arguments, "condition")

    def __init__(self, *, condition: str, **kwargs: Any) -> None:
        self.condition = condition
        super().__init__(**kwargs)

    def statement(self, model: type[models.Model], schema_editor: BaseDatabaseSchemaEditor) -> str:
        return (
            super()
            .statement(model, schema_editor)
            .replace(" EXECUTE FUNCTION", f" WHEN ({self.condition})\nEXECUTE FUNCTION")
        )


class DeferredTrigger(Trigger):
    """A row trigger that runs at commit, for rules that span rows and may be broken in between."""

    def statement(self, model: type[models.Model], schema_editor: BaseDatabaseSchemaEditor) -> str:
        sql = super().statement(model, schema_editor).replace("CREATE TRIGGER", "CREATE CONSTRAINT TRIGGER", 1)
        return sql.replace("FOR EACH", "DEFERRABLE INITIALLY DEFERRED FOR EACH", 1)


class SharedKeyTrigger(Trigger):
    """The trigger of a ``SharedForeignKey``. Its function gets the target's table and tenant column."""

    arguments = (*Trigger.arguments, "to")

    def __init__(self, *, to: str, **kwargs: Any) -> None:
        self.to = to
        super().__init__(**kwargs)

    def statement(self, model: type[models.Model], schema_editor: BaseDatabaseSchemaEditor) -> str:
        target = model._meta.apps.get_model(self.to)
        tenancy = getattr(target, "tenancy", None)
        tenant_column = _column(target, tenancy.field if tenancy else "tenant")
        trigger = Trigger(
            **{name: getattr(self, name) for name in ("name", *Trigger.arguments[:-1])},
            parameters=(*self.parameters, target._meta.db_table, tenant_column),
        )
        return trigger.statement(model, schema_editor)


class NoOverlap(SqlConstraint):
    """Refuses two rows with equal ``fields`` (null equals null) whose times overlap.

    A row's time runs from ``start`` to before ``end``; without an end it is unlimited. Rows that do not meet
    ``condition`` are not checked. The fields are compared by a 63-bit hash, because comparing both text and
    ranges in one exclusion constraint needs the extension btree_gist.
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

    def statement(self, model: type[models.Model], schema_editor: BaseDatabaseSchemaEditor) -> str:
        quote = schema_editor.quote_name
        column = {name: quote(_column(model, name)) for name in (*self.fields, self.start, self.end)}
        # The length precedes the text, so that ('a', 'bc') and ('ab', 'c') differ.
        parts = [f"COALESCE(length({c}::text) || ':' || {c}::text, '-')" for c in (column[f] for f in self.fields)]
        key = f"hashtextextended({' || '.join(parts)}, 0) >> 1"
        where = f" WHERE ({_sql(self.condition, model, schema_editor)})" if self.condition is not None else ""
        return (
            f"ALTER TABLE {quote(model._meta.db_table)} ADD CONSTRAINT {quote(self.name)} EXCLUDE USING gist (\n"
            f"    int8range({key}, {key}, '[]') WITH &&,\n"
            f"    tstzrange({column[self.start]}, {column[self.end]}, '[)') WITH &&\n"
            f"){where}"
        )

    def removal(self, model: type[models.Model], schema_editor: BaseDatabaseSchemaEditor) -> str:
        quote = schema_editor.quote_name
        return f"ALTER TABLE {quote(model._meta.db_table)} DROP CONSTRAINT IF EXISTS {quote(self.name)}"


class TableStorage(SqlConstraint):
    """Storage parameters of one table, such as its fillfactor and vacuum thresholds."""

    arguments = ("parameters",)

    def __init__(self, *, name: str, parameters: dict[str, str], **kwargs: Any) -> None:
        self.parameters = dict(parameters)
        super().__init__(name=name, **kwargs)

    def statement(self, model: type[models.Model], schema_editor: BaseDatabaseSchemaEditor) -> str:
        settings = ", ".join(f"{name} = {value}" for name, value in self.parameters.items())
        return f"ALTER TABLE {schema_editor.quote_name(model._meta.db_table)} SET ({settings})"

    def removal(self, model: type[models.Model], schema_editor: BaseDatabaseSchemaEditor) -> str:
        return f"ALTER TABLE {schema_editor.quote_name(model._meta.db_table)} RESET ({', '.join(self.parameters)})"


def _column(model: type[models.Model], name: str) -> str:
    """Return the column of a model's field."""
    field = model._meta.get_field(name)
    assert isinstance(field, models.Field), f"{model._meta.label}.{name} has no column"
    return str(field.column)


def _sql(condition: models.Q, model: type[models.Model], schema_editor: BaseDatabaseSchemaEditor) -> str:
    query = Query(model, alias_cols=False)
    compiler = query.get_compiler(connection=schema_editor.connection)
    sql, parameters = query.build_where(condition).as_sql(compiler, schema_editor.connection)
    return str(sql % tuple(schema_editor.quote_value(value) for value in parameters))


def delete_rule(on_delete: Callable[..., None] | None) -> str:
    """Return the database's ON DELETE rule for a Django ``on_delete``."""
    rules: dict[object, str] = {models.CASCADE: "CASCADE", models.SET_NULL: "SET NULL"}
    return rules.get(on_delete, "NO ACTION")
