"""The Celery task of analyses. It looks for work in the database and carries none in its arguments."""

from lad.schedule import regular_task
from voice.analysis import queue


@regular_task(queue.TASK, has_work=queue.has_work)
def analyse_calls() -> None:
    """Analyse the calls that wait for it. If there are many, ask for another run."""
    if not queue.run_due():
        queue.notifier.notify()
