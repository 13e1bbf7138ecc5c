"""A worker of campaigns.py: runs the engine whenever a line comes, as a Celery worker does when it is notified."""

import sys


def main() -> None:
    import django

    django.setup()
    from campaigns.engine import worker

    # What is loaded at the first look is not measured.
    worker.run_due()
    print("ready", flush=True)
    for _line in sys.stdin:
        while not worker.run_due().finished:
            pass


if __name__ == "__main__":
    main()
