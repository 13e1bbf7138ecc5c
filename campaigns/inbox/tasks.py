"""Tasks of the inbox."""

from datetime import timedelta

from campaigns.inbox.services import handling, suggesting
from lad.schedule import regular_task


@regular_task("campaigns.wake_conversations", every=timedelta(seconds=30), has_work=handling.has_due)
def wake_conversations() -> None:
    """Bring back conversations whose snooze is over."""
    while handling.wake() == handling.WOKEN_AT_ONCE:
        pass


@regular_task("campaigns.suggest_labels", every=timedelta(seconds=10), has_work=suggesting.has_due)
def suggest_labels() -> None:
    """Ask language models about answers that no rule could label."""
    suggesting.suggest_due()
