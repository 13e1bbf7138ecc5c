"""The number of a worker's processes: one while tasks come one at a time, more once a task has to wait."""

from time import monotonic
from typing import Any, Final

from celery.worker.autoscale import Autoscaler

# Regular tasks that are due together take less: they start no process.
WAIT_SECONDS: Final = 0.5


class PatientAutoscaler(Autoscaler):
    """Starts a process when a task has waited, and ends one when none has for half a minute.

    Celery's own starts one for any two tasks at a time, and keeps it as long as any task comes now and then, as
    the regular ones always do. It is for workers started with ``--autoscale``.
    """

    worker: Any

    def on_task_received(self, _request: object) -> None:
        """Do nothing: a task that need not wait is no reason to keep a process."""

    def _maybe_scale(self, request: object | None = None) -> bool | None:
        if request is None:
            return super()._maybe_scale()
        # No process is ended here, because the task could be on its way to it.
        if self.qty > self.min_concurrency:
            self.worker.hub.call_later(WAIT_SECONDS, self._look_again)
        return None

    def _look_again(self) -> None:
        if self.qty > self.min_concurrency:
            self._last_task_received = monotonic()
            self.maybe_scale()
