"""LAD: the project, and the kernel that all apps use."""

from lad.celery import app as celery_app

__all__ = ["celery_app"]
