"""The base class of every Celery task."""

from typing import Any

from celery import Task

from lad.notifier import WorkerNotifier
from lad.tenancy.context import current_scope, origin


class LadTask(Task):
    """Starts outside any scope, so that nothing of one task reaches the next in the same process.

    A notification that comes after the start queues another run.
    """

    abstract = True

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the body under the task's name and id. Raises RuntimeError inside a scope."""
        if current_scope() is not None and not self.app.conf.task_always_eager:
            raise RuntimeError(f"{self.name} was started inside a scope: call delay() after the scope ends.")
        if not self.request.called_directly and not self.request.is_eager:
            WorkerNotifier(self.name).release()
        with origin(self.request.id or "", source=self.name):
            return super().__call__(*args, **kwargs)
