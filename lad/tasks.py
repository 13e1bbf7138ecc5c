"""The task that looks for work of other tasks, in case a notification was lost or a retry has become due."""

from datetime import timedelta

from lad.notifier import WorkerNotifier
from lad.schedule import regular_task, regular_tasks
from lad.tenancy.context import platform_context


@regular_task("lad.poll", every=timedelta(seconds=4))
def poll() -> None:
    """Queue a run of each task that has work."""
    with platform_context():
        waiting = [task.name for task in regular_tasks() if task.has_work is not None and task.has_work()]
    for name in waiting:
        WorkerNotifier(name).notify()
