"""A worker of campaigns.py: runs the engine until it is stopped, as a Celery worker that always has work does."""

import time

IDLE_SECONDS = 0.005


def main() -> None:
    import django

    django.setup()
    from campaigns.engine import worker

    print("ready", flush=True)
    while True:
        if not worker.run_due().handled:
            time.sleep(IDLE_SECONDS)


if __name__ == "__main__":
    main()
