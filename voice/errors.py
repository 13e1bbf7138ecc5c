"""Errors that several features of the voice app raise."""

from lad.errors import Conflict


class UsedByOpenBatch(Conflict):
    """A batch that has not finished uses this; cancel the batch first."""

    code = "still_calling"


class BatchFinished(Conflict):
    """This batch has finished. Create a new one."""

    code = "batch_is_over"
