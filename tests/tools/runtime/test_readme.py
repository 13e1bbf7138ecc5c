"""The README's commands, as they stand there."""

import os
import re
import subprocess
import sys
from pathlib import Path

from .conftest import Run, address, clean_environment

README = Path(__file__).resolve().parents[3] / "README.md"


def walk_through() -> str:
    section = README.read_text().split("## Walk through")[1]
    found = re.search(r"```sh\n(.*?)```", section, re.DOTALL)
    assert found
    return found.group(1)


def test_the_walk_through_ends_with_the_acceptance_in_the_activity_feed(running: Run) -> None:
    environment = clean_environment(LAD=address(running), LAD_HOME=str(running.home))
    # The python of the tests stands in for the reader's.
    environment["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    script = f"set -e -o pipefail\n{walk_through()}"
    walked = subprocess.run(["bash", "-c", script], env=environment, capture_output=True, text=True, timeout=150)
    assert walked.returncode == 0, walked.stdout + walked.stderr
    assert '"results"' in walked.stdout
    assert "charles@analytical.example" in walked.stdout.lower()
