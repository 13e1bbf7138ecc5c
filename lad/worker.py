"""Start a worker: ``python -m lad.worker``, with the options of ``celery worker``.

The ``celery`` command loads all other commands too, with an interactive shell, and every process would keep them.
"""

import sys

from celery.bin.base import CLIContext
from celery.bin.worker import worker

from lad.celery import app


def main() -> None:
    """Run a worker until it is told to stop. Ends the process."""
    options = sys.argv[1:]
    # Celery repeats this command line when SIGHUP asks a worker to restart.
    sys.argv = ["-m", "lad.worker", *options]
    worker.main(options, prog_name="lad.worker", obj=CLIContext(app=app, no_color=True, workdir=None))


if __name__ == "__main__":
    main()
