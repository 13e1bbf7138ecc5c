"""Celery tasks. Each looks for work in the database; none carries any in its arguments."""

from datetime import timedelta
from typing import Final

from campaigns.engine import repair, withdrawing, worker
from lad.notifier import WorkerNotifier
from lad.schedule import regular_task

TASK: Final = "campaigns.run_due"


@regular_task(TASK, has_work=worker.has_work)
def run_due() -> None:
    """Work on the campaigns that are due. If time runs out first, ask for another run."""
    if not worker.run_due().finished:
        WorkerNotifier(TASK).notify()


@regular_task("campaigns.repair_due_times", every=timedelta(minutes=5))
def repair_due_times() -> None:
    """Let campaigns run that have something due and would come too late."""
    repair.repair_due_times()


@regular_task("campaigns.withdraw_invitations", every=timedelta(hours=1), has_work=withdrawing.has_work)
def withdraw_invitations() -> None:
    """Withdraw invitations that have not been answered for as long as their step says."""
    withdrawing.withdraw_due()
