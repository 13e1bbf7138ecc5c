"""The Celery application. Tasks are hints to look for work; the work itself is in PostgreSQL."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lad.settings")

app = Celery("lad", task_cls="lad.tenancy.tasks:LadTask")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
