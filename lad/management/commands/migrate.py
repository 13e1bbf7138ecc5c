"""Django's ``migrate``, in under half its time."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.commands import migrate
from django.db.migrations.state import ProjectState


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> str | None:
        with _few_renderings():
            return super().handle(*args, **options)


@contextmanager
def _few_renderings() -> Iterator[None]:
    """Have a constraint or an index that is added make no model anew.

    Django makes the model and all its neighbours anew after each, though no relation changed. In LAD, where
    nearly every table is a neighbour of the tenants and of the users, that took two thirds of the time.
    """
    django_s = ProjectState._append_option  # type: ignore[attr-defined]
    ProjectState._append_option = _append_option  # type: ignore[attr-defined]
    try:
        yield
    finally:
        ProjectState._append_option = django_s  # type: ignore[attr-defined]


def _append_option(state: Any, app_label: str, model_name: str, option: str, added: Any) -> None:
    """Note the constraint or index in the state, and in its model where that is made already."""
    options = state.models[app_label, model_name].options
    options[option] = [*options[option], added]
    if "apps" in state.__dict__:
        setattr(state.apps.get_model(app_label, model_name)._meta, option, options[option])
