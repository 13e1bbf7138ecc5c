"""A process that runs jobs, slowly enough to be watched and killed. Started by tests, with seconds per part."""

import sys
import time

import django

django.setup()

from lad.jobs import parts, worker  # noqa: E402  (importable only after setup)
from lad.jobs.kinds import JobKind  # noqa: E402
from lad.jobs.models import Job  # noqa: E402
from lad.tenancy.access import Access  # noqa: E402

POLL_SECONDS = 0.1


def main() -> None:
    seconds = float(sys.argv[1])
    run_part = parts.run_part

    def run_slowly(job: Job, kind: JobKind, access: Access) -> parts.Step:
        step = run_part(job, kind, access)
        time.sleep(seconds)
        return step

    setattr(worker, "run_part", run_slowly)  # noqa: B010  (a function of the module)
    while True:
        worker.run_due()
        time.sleep(POLL_SECONDS)


if __name__ == "__main__":
    main()
