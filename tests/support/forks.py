"""Run code in a process of its own, which can be killed as a worker can."""

import os
import traceback
from collections.abc import Callable

from django.db import connections


def forked(work: Callable[[], object]) -> int:
    """Start a process that does the work, and ends with 0, or with 1 if the work raised. Return its id."""
    connections.close_all()
    child = os.fork()
    if child:
        return child
    # The loop that tests with a browser keep on this thread hides older connections from close_all. The child has no
    # loop and would use them, together with its parent.
    for each in connections.all(initialized_only=True):
        each.connection = None
    try:
        work()
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def in_child(work: Callable[[], object]) -> int:
    """Do the work in a process of its own. Return the signal that ended it, or its exit code."""
    _pid, status = os.waitpid(forked(work), 0)
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
