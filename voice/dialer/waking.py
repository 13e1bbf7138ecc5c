"""Ask the workers to dial soon."""

from typing import Final

from lad.notifier import WorkerNotifier

TASK: Final = "voice.dial"
notifier: Final = WorkerNotifier(TASK)


def wake() -> None:
    """Let the dialer look for work soon, once the current transaction has committed."""
    notifier.notify_on_commit()
