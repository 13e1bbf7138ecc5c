"""The command line of another process, also of one that has ended."""

import os
import subprocess
import sys

from tools.runtime.process import command_line, wait_until


def test_the_words_that_started_a_process() -> None:
    waits = subprocess.Popen([sys.executable, "-c", "input()", "a marker"], stdin=subprocess.PIPE)
    try:
        # It shows a moment after the process was started.
        assert wait_until(lambda: "a marker" in command_line(waits.pid), seconds=30)
    finally:
        waits.communicate()


def test_a_process_that_ended_and_is_not_waited_for_has_no_words() -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    try:
        os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)
        assert command_line(ended.pid) == ""
    finally:
        ended.wait()
    assert command_line(ended.pid) == ""
