"""A worker starts with little: what it loads, every idle installation keeps in memory."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def modules_of_a_worker() -> set[str]:
    """Return what a worker has loaded when it starts its processes."""
    script = (
        "import sys\n"
        "from celery import signals\n"
        "from lad import worker\n"
        "@signals.worker_before_create_process.connect\n"
        "def stop(**_options):\n"
        "    print('LOADED', *sys.modules, file=sys.__stdout__, flush=True)\n"
        "    raise SystemExit(0)\n"
        "sys.argv[1:] = ['--concurrency', '1']\n"
        "worker.main()\n"
    )
    ended = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    lines = [line for line in ended.stdout.splitlines() if line.startswith("LOADED ")]
    assert lines, ended.stderr[-2000:]
    return set(lines[0].split()[1:])


def test_a_worker_does_not_load_the_commands_of_celery_nor_their_shell() -> None:
    loaded = modules_of_a_worker()
    assert "lad.outbox" in loaded
    assert not loaded & {"celery.bin.celery", "click_repl", "prompt_toolkit"}


def test_a_worker_loads_before_it_forks_what_each_of_its_processes_would_load() -> None:
    assert "pycparser" in modules_of_a_worker()
