"""``migrate`` builds only the model that an operation changes, and all models anew for the code of a migration."""

from typing import Any

import pytest
from django.db import connection, migrations, models

from lad.db.migrating import LightState

pytestmark = pytest.mark.django_db


def key(to: str = "trial.team") -> models.Field:
    return models.ForeignKey(to, on_delete=models.CASCADE, related_name="+")


def made(name: str, **fields: models.Field) -> migrations.CreateModel:
    return migrations.CreateModel(name, [("id", models.BigAutoField(primary_key=True)), *fields.items()])


BEGINNING = [made("Team"), made("Person", team=key()), made("Place", team=key(), person=key("trial.person"))]
RULE = models.CheckConstraint(condition=models.Q(id__gt=0), name="trial_person_positive")
CHANGES = {
    "a new model": made("Plan", team=key(), person=key("trial.person")),
    "a new column": migrations.AddField("Person", "age", models.IntegerField(null=True)),
    "a new foreign key": migrations.AddField("Person", "place", models.ForeignKey("trial.place", models.CASCADE)),
    "a new rule": migrations.AddConstraint("Person", RULE),
    "a new index": migrations.AddIndex("Person", models.Index(fields=["team"], name="trial_person_team")),
    "other options": migrations.AlterModelOptions("Person", {"ordering": ["id"]}),
}


def state_after(*operations: Any) -> LightState:
    state = LightState()
    assert state.apps is not None
    for each in operations:
        each.state_forwards("trial", state)
    return state


def classes(state: LightState) -> dict[str, Any]:
    return {model.__name__.lower(): model for model in state.apps.get_models()}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_an_operation_builds_only_its_own_model_again(change: Any) -> None:
    state = state_after(*BEGINNING)
    before = classes(state)
    change.state_forwards("trial", state)
    after = classes(state)
    assert {name for name in after if after[name] is not before.get(name)} in ({"person"}, {"plan"})


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_the_code_of_a_migration_sees_models_that_refer_to_one_another(change: Any) -> None:
    seen: list[dict[str, Any]] = []

    def look(apps: Any, _editor: Any) -> None:
        seen.append({model._meta.model_name: model for model in apps.get_models()})

    state = state_after(*BEGINNING, change).clone()
    migrations.RunPython(look).database_forwards("trial", connection.schema_editor(), state, state)
    [found] = seen
    keys = [field for model in found.values() for field in model._meta.get_fields() if field.many_to_one]
    assert len(keys) >= 2
    assert all(field.related_model is found[field.related_model._meta.model_name] for field in keys)


def test_a_column_that_others_refer_to_is_altered_with_theirs() -> None:
    """Django alters the keys of related models with it, which it looks up in the models."""
    state = state_after(*BEGINNING, CHANGES["a new rule"], CHANGES["a new foreign key"])
    operation = migrations.AlterField("Team", "id", models.UUIDField(primary_key=True))
    later = state.clone()
    operation.state_forwards("trial", later)
    with connection.schema_editor(collect_sql=True) as editor:
        operation.database_forwards("trial", editor, state, later)
    for table in ("trial_team", "trial_person", "trial_place"):
        assert any(f'ALTER TABLE "{table}" ALTER COLUMN' in line for line in editor.collected_sql), table
