"""What is known of another process."""

import os
import subprocess
import sys

from tools.runtime.process import command_line


def test_the_words_that_started_a_process() -> None:
    waits = subprocess.Popen([sys.executable, "-c", "input()", "a marker"], stdin=subprocess.PIPE)
    try:
        assert "a marker" in command_line(waits.pid)
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
