"""Runs migrations without building every model anew for each operation.

Django builds a model again after each operation on it, together with all models that are related to it. In LAD
all models are related to tenants and users, so each operation would build all of them: 26 seconds of one
processor to migrate an empty database instead of 7.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.state import ModelState, ProjectState


class LightState(ProjectState):
    """A state that builds one model again, not its relatives, where an operation changes nothing of theirs.

    Relatives then refer to the model as it was before. That is enough for SQL; code of a migration sees models that
    are all built anew, as after every delayed change (``clear_delayed_apps_cache``).
    """

    _alone = False

    def clone(self) -> "LightState":
        """Return a copy, as Django's method does, of this class."""
        copy = LightState({key: model.clone() for key, model in self.models.items()}, self.real_apps)
        if "apps" in self.__dict__:
            copy.apps = self.apps.clone()
        copy.is_delayed = self.is_delayed
        return copy

    def add_model(self, model_state: ModelState) -> None:
        """Add a model. Nothing refers to it yet."""
        with self._one_model():
            super().add_model(model_state)

    def alter_model_options(self, *args: Any, **kwargs: Any) -> None:
        """Set options of a model."""
        with self._one_model():
            super().alter_model_options(*args, **kwargs)

    def add_field(self, *args: Any, **kwargs: Any) -> None:
        """Add a field. Nothing refers to it yet."""
        with self._one_model():
            super().add_field(*args, **kwargs)

    def rename_index(self, *args: Any, **kwargs: Any) -> None:
        """Rename an index."""
        with self._one_model():
            super().rename_index(*args, **kwargs)

    # Adding, altering and removing constraints and indexes have these in common. The stubs do not know them.
    def _append_option(self, *args: Any) -> None:
        with self._one_model():
            super()._append_option(*args)  # type: ignore[misc]

    def _remove_option(self, *args: Any) -> None:
        with self._one_model():
            super()._remove_option(*args)  # type: ignore[misc]

    def _alter_option(self, *args: Any) -> None:
        with self._one_model():
            super()._alter_option(*args)  # type: ignore[misc]

    @contextmanager
    def _one_model(self) -> Iterator[None]:
        self._alone = True
        try:
            yield
        finally:
            self._alone = False

    def _find_reload_model(self, app_label: str, model_name: str, delay: bool = False) -> set[tuple[str, str]]:
        if self._alone:
            self.is_delayed = True
            return {(app_label, model_name)}
        found: set[tuple[str, str]] = super()._find_reload_model(app_label, model_name, delay)  # type: ignore[misc]
        return found


class LightExecutor(MigrationExecutor):
    """Django's executor on a LightState."""

    def _create_project_state(self, with_applied_migrations: bool = False) -> LightState:
        state = super()._create_project_state(with_applied_migrations)  # type: ignore[misc]
        return LightState(state.models, state.real_apps)
