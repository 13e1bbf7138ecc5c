"""``makemigrations`` finds what changes the database, and nothing else."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.migrations import operations
from django.db.migrations.graph import MigrationGraph
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.questioner import MigrationQuestioner
from django.db.migrations.state import ProjectState
from django.db.models.functions import Now

from lad.db import autodetector as module
from lad.db.autodetector import LadAutodetector
from lad.db.constraints import Trigger
from lad.db.fields import LowercaseCharField, LowercaseEmailField, SecretHashField, TenantForeignKey, TenantKey
from lad.db.folding import fold, in_order
from lad.db.operations import InstallSql, TableRule, created_functions
from lad.db.sql_files import SqlFile, lad_apps, sql_files
from lad.db.states import plain_field, table_rule
from leads.contacts.models import LeadNote

Change = Callable[[Any], None]
LABELS = {config.label for config in lad_apps()}


def detected(change: Change | None = None) -> dict[str, list[Any]]:
    """The migrations that are missing once the project's state was changed."""
    loader = MigrationLoader(None)
    state = ProjectState.from_apps(apps)
    if change is not None:
        change(state)
    return LadAutodetector(loader.project_state(), state, MigrationQuestioner()).changes(graph=loader.graph)


def detected_afresh() -> dict[str, list[Any]]:
    """The migrations that are missing when there are none at all."""
    questioner = MigrationQuestioner(specified_apps=LABELS)
    detector = LadAutodetector(ProjectState(), ProjectState.from_apps(apps), questioner)
    return detector.changes(graph=MigrationGraph())


def field(app: str, model: str, name: str, **changes: Any) -> Change:
    def change(state: Any) -> None:
        for attribute, value in changes.items():
            setattr(state.models[app, model].fields[name], attribute, value)

    return change


def test_nothing_is_missing() -> None:
    assert detected() == {}


@pytest.mark.parametrize(
    "change",
    [
        field("leads", "leadnote", "content", help_text="Something else.", _verbose_name="words"),
        field("leads", "leadnote", "content", _validators=[print]),
        field("mail", "maildelivery", "kind", choices=[("a", "A"), ("b", "B")]),
        field("leads", "leadnote", "content", blank=True, editable=False),
    ],
)
def test_what_only_python_sees_makes_no_migration(change: Change) -> None:
    assert detected(change) == {}


def test_a_message_of_a_constraint_makes_no_migration() -> None:
    def change(state: Any) -> None:
        for model in state.models.values():
            for constraint in model.options.get("constraints", ()):
                constraint.violation_error_message = "Another message."
            model.options |= {"ordering": ["-pk"], "verbose_name": "thing", "permissions": [("a", "A")]}

    assert not LABELS & set(detected(change))


def test_a_longer_column_makes_one() -> None:
    [migration] = detected(field("tenants", "tenant", "name", max_length=300))["tenants"]
    [operation] = migration.operations
    assert isinstance(operation, operations.AlterField)
    assert type(operation.field) is models.CharField
    assert operation.field.max_length == 300


def test_a_new_version_of_an_sql_file_makes_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    released = sql_files(apps.get_app_config("billing"))
    version = 1 + max(each.version for each in released if each.name == "billing_post")
    path = tmp_path / f"billing_post.v{version}.sql"
    path.write_text("CREATE OR REPLACE FUNCTION billing_post() …")

    def with_another(config: Any) -> list[SqlFile]:
        more = [SqlFile("billing.ledger", "billing_post", version, path)] if config.label == "billing" else []
        return [*sql_files(config), *more]

    monkeypatch.setattr(module, "sql_files", with_another)
    [migration] = detected().pop("billing")
    assert migration.name.endswith(f"_billing_post_v{version}")
    assert [(each.package, each.name, each.version) for each in migration.operations] == [
        ("billing.ledger", "billing_post", version)
    ]


def test_a_changed_rule_is_removed_first_and_made_again_last() -> None:
    def change(state: Any) -> None:
        note = state.models["leads", "leadnote"]
        note.fields["content"].null = True
        renamed = Trigger(name="lead_notes_new", function="lad_refuse_change", when="BEFORE", event="DELETE")
        kept = [each for each in note.options["constraints"] if each.name != "lead_notes_touch_updated_at"]
        note.options["constraints"] = [*kept, renamed]

    [migration] = detected(change)["leads"]
    kinds = [type(operation) for operation in migration.operations]
    assert kinds == [operations.RemoveConstraint, operations.AlterField, operations.AddConstraint]
    rule = migration.operations[-1].constraint
    assert isinstance(rule, TableRule)
    assert rule.create.startswith('CREATE TRIGGER "lead_notes_new" BEFORE DELETE ON "lead_notes"')


def test_a_fresh_start_has_one_migration_an_app_and_one_operation_a_table() -> None:
    found = detected_afresh()
    for label, migrations in found.items():
        if label in LABELS:
            [migration] = migrations
            made = [each.name for each in migration.operations if isinstance(each, operations.CreateModel)]
            tables = {model.__name__ for model in apps.get_app_config(label).get_models()}
            assert sorted(made) == sorted(tables)
            assert {type(each) for each in migration.operations} <= {operations.CreateModel, InstallSql}
    [kernel] = found["lad"]
    assert (kernel.name, kernel.dependencies) == ("0001_functions", [])
    [tenants] = found["tenants"]
    assert ("lad", "0001_functions") in tenants.dependencies


def test_a_model_is_renamed_before_a_new_table_refers_to_it() -> None:
    target = models.ForeignKey("x.new", models.DO_NOTHING, db_constraint=False, related_name="+")
    changes = [
        operations.CreateModel("A", [("id", models.UUIDField(primary_key=True))], {}),
        operations.RemoveConstraint("new", "some_rule"),
        operations.RenameModel("Old", "New"),
        operations.AddField("A", "new", target),
    ]
    result = fold("x", in_order(changes, lambda operation: True), {})
    assert [type(each).__name__ for each in result] == ["RenameModel", "RemoveConstraint", "CreateModel"]
    assert [name for name, _field in result[2].fields] == ["id", "new"]


def test_tables_that_refer_to_each_other_get_a_key_afterwards() -> None:
    def key(name: str, to: str) -> Any:
        target = models.ForeignKey(to, models.DO_NOTHING, db_constraint=False, related_name="+")
        return operations.AddField(name, to.rpartition(".")[2], target)

    made = [operations.CreateModel(name, [("id", models.UUIDField(primary_key=True))], {}) for name in ("A", "B", "C")]
    index = operations.AddIndex("A", models.Index(fields=["b"], name="a_b"))
    result = fold("x", [*made, key("A", "x.b"), key("B", "x.a"), key("C", "x.b"), index], {})
    assert [type(each).__name__ for each in result] == ["CreateModel"] * 3 + ["AddField", "AddIndex"]
    assert [each.name for each in result[:4]] == ["A", "B", "C", "b"]
    assert [name for name, _field in result[2].fields] == ["id", "b"]


@pytest.mark.parametrize(
    ("given", "plain"),
    [
        (LowercaseEmailField(max_length=255, blank=True), models.CharField(max_length=255)),
        (
            LowercaseCharField(max_length=9, choices=[], default="a"),
            models.CharField(max_length=9, default="a"),
        ),
        (SecretHashField(max_length=9, default="", db_default=""), models.CharField(max_length=9, db_default="")),
        (models.URLField(), models.CharField(max_length=200)),
        (models.TextField(max_length=20, null=True), models.TextField(null=True)),
        (models.UUIDField(default=print, db_default=RandomUUID()), models.UUIDField(db_default=RandomUUID())),
        (models.DateTimeField(auto_now=True, db_default=Now()), models.DateTimeField(db_default=Now())),
    ],
)
def test_a_field_is_reduced_to_its_column(given: Any, plain: Any) -> None:
    reduced = plain_field(given)
    assert type(reduced) is type(plain)
    assert reduced.deconstruct() == plain.deconstruct()


@pytest.mark.parametrize("kind", [TenantKey, TenantForeignKey])
def test_a_key_is_reduced_to_its_column(kind: Any) -> None:
    reduced = plain_field(kind("tenants.Tenant", models.PROTECT, null=True, db_column="owner", db_index=False))
    plain = models.ForeignKey(
        "tenants.tenant",
        models.DO_NOTHING,
        null=True,
        db_column="owner",
        db_index=False,
        db_constraint=False,
        related_name="+",
    )
    assert type(reduced) is models.ForeignKey
    assert reduced.deconstruct() == plain.deconstruct()


def test_a_rule_that_creates_a_function_is_refused() -> None:
    class Clever(Trigger):
        def statement(self, model: Any, schema_editor: Any) -> str:
            return "CREATE OR REPLACE FUNCTION clever() RETURNS trigger"

    assert created_functions(Clever.statement(None, None, None)) == ["clever"]  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="put it into an sql/ folder"):
        table_rule(Clever(name="x", function="clever", when="BEFORE", event="UPDATE"), LeadNote)
