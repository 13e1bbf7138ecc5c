"""The ledger's stress run, in small: workers and the database server are killed, and nothing breaks."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OPERATIONS, KILLS = 3_000, 2


def test_what_was_acknowledged_survives_killed_workers_and_servers() -> None:
    command = [sys.executable, "benchmarks/ledger_stress.py", "--workers", "2"]
    sizes = ["--operations", str(OPERATIONS), "--kills", str(KILLS)]
    ended = subprocess.run([*command, *sizes], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    figures = dict(line.rsplit(maxsplit=1) for line in ended.stdout.splitlines())
    assert int(figures["operations answered"].replace(",", "")) >= OPERATIONS
    assert int(figures["server killed"]) > 0
    assert (figures["lost"], figures["audit: violations"]) == ("0", "0")
