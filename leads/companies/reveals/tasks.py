"""The Celery task of reveals. It looks for work in the database and carries none in its arguments."""

from lad.schedule import regular_task
from leads.companies.reveals import worker


@regular_task("leads.reveal_people", has_work=worker.has_work)
def reveal_people() -> None:
    """Ask for what is to be revealed."""
    worker.run_due()
