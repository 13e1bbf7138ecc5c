"""The Celery application. A task looks for work in PostgreSQL; messages carry none."""

import os
from contextlib import suppress
from typing import Any

from billiard.util import get_pdeathsig
from celery import Celery
from celery.fixups.django import DjangoFixup, DjangoWorkerFixup
from celery.signals import worker_before_create_process, worker_init

from lad.garbage import leave_out_what_is_loaded
from lad.schedule import ScheduleStep

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lad.settings")


class _WorkerFixup(DjangoWorkerFixup):
    """Keeps a process's database connections between its tasks, where Celery opens new ones for each task.

    Leaves out Django's checks, which import every page and URL: ``manage.py`` and the tests run them.
    """

    def validate_models(self) -> None:
        self.django_setup()

    def on_task_prerun(self, sender: Any, **kwargs: Any) -> None:
        self._return_connections(sender)

    def on_task_postrun(self, sender: Any, **kwargs: Any) -> None:
        self._return_connections(sender)

    def _return_connections(self, task: Any) -> None:
        if not task.request.is_eager:
            # Imported here, because the settings are not loaded yet when this module is.
            from django.db import close_old_connections

            close_old_connections()


class _Fixup(DjangoFixup):
    _worker_fixup: DjangoWorkerFixup | None

    @property
    def worker_fixup(self) -> DjangoWorkerFixup:
        if self._worker_fixup is None:
            self._worker_fixup = _WorkerFixup(self.app)
        return self._worker_fixup


def _fixup(application: Celery) -> DjangoFixup:
    return _Fixup(application).install()


app = Celery("lad", task_cls="lad.tenancy.tasks:LadTask", fixups=[_fixup])
app.config_from_object("django.conf:settings", namespace="CELERY")
app.steps["consumer"].add(ScheduleStep)
app.autodiscover_tasks()


@worker_before_create_process.connect
def _keep_memory_shared(**_options: Any) -> None:
    leave_out_what_is_loaded()


@worker_init.connect
def _load_what_processes_would(**_options: Any) -> None:
    """Load the parser that billiard's processes use as they start once, where all of them share it."""
    with suppress(OSError):
        # Other systems do not have the call.
        get_pdeathsig()
