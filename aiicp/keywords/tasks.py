"""Forget expansions that nobody looks up."""

from aiicp.keywords import services
from lad.schedule import regular_task


@regular_task("aiicp.prune_keyword_expansions")
def prune_keyword_expansions() -> None:
    """Delete expansions that nobody has looked up for 90 days."""
    services.prune()
