"""Celery tasks of searches in directories."""

from datetime import timedelta

from lad.schedule import regular_task
from leads.companies.search import sweep


@regular_task("leads.settle_lost_searches", every=timedelta(minutes=30))
def settle_lost_searches() -> None:
    """Release the credits of searches whose process died."""
    sweep.settle_lost()


@regular_task("leads.prune_directory_searches")
def prune_directory_searches() -> None:
    """Delete pages of searches that nobody asked for again."""
    sweep.prune()
