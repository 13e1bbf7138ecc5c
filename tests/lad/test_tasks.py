"""The schedule of Celery beat and the registered tasks agree."""

import re
from pathlib import Path

from django.conf import settings

from lad.celery import app

APPS = ("lad", "tenants", "billing", "leads", "campaigns", "voice", "aiicp")


def registered() -> dict[str, str]:
    """Return the name of each of LAD's tasks with the name of its function."""
    app.loader.import_default_modules()
    return {name: task.__name__ for name, task in app.tasks.items() if not name.startswith(("celery.", "tests."))}


def scheduled() -> set[str]:
    return {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}


def test_every_scheduled_task_is_registered() -> None:
    assert scheduled()
    assert scheduled() <= set(registered())


def test_every_registered_task_is_scheduled_or_sent_by_code() -> None:
    sources = [path.read_text() for name in APPS for path in (Path(settings.BASE_DIR) / name).rglob("*.py")]
    assert sources
    unscheduled = {name: function for name, function in registered().items() if name not in scheduled()}
    unused = [
        name
        for name, function in unscheduled.items()
        if not any(re.search(rf"\b{function}\.(delay|apply_async)\b", source) for source in sources)
    ]
    assert not unused
