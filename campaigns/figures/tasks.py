"""Fold the figures of campaigns, and count those anew for which that was asked."""

from campaigns.figures import folding, recounting
from lad.schedule import regular_task


@regular_task(folding.TASK, has_work=folding.has_work)
def fold_figures() -> None:
    """Fold the changes of figures that wait into the counts."""
    folding.fold_all()


@regular_task(recounting.TASK, has_work=recounting.has_requests)
def recount_figures() -> None:
    """Count campaigns anew for which that was asked."""
    recounting.recount_requested()
