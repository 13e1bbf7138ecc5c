"""Score the leads that nothing else has scored."""

from datetime import timedelta

from aiicp.scoring import services
from lad.schedule import regular_task


@regular_task("aiicp.score_missing_leads", every=timedelta(hours=1))
def score_missing_leads() -> None:
    """Score leads without a score, such as those that were written with plain SQL."""
    services.score_missing()
