"""Errors of jobs."""

from lad.errors import Conflict


class NothingToChange(Conflict):
    """No row matches, so there is nothing to change. Check the filter or the selection."""

    code = "nothing_to_change"


class JobOver(Conflict):
    """The job is over and cannot be cancelled."""

    code = "job_over"


class JobNotResumable(Conflict):
    """Only a job that failed or is unknown, and has rows left, can be resumed."""

    code = "job_not_resumable"
