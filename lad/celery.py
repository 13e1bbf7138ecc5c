"""The Celery application. A task looks for work in PostgreSQL; messages carry none."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lad.settings")

app = Celery("lad", task_cls="lad.tenancy.tasks:LadTask")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
