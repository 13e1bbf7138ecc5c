"""Keeps web, worker and beat from serving as a login that row-level security does not hold."""

from typing import Any

import structlog
from celery.signals import beat_init, worker_init
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError, connection
from django.db.backends.signals import connection_created

from lad.tenancy.roles import refuse_privileged_login

log = structlog.get_logger(__name__)


def refuse_to_serve_unguarded() -> None:
    """Check the login now, or, while the database is unreachable, on the first connection that succeeds.

    Raises ImproperlyConfigured when it would see every tenant's rows.
    """
    connection_created.connect(_check_once, dispatch_uid=__name__)
    try:
        connection.ensure_connection()
    except OperationalError:
        log.warning("The database is unreachable; its login is checked on the first connection.")
    finally:
        # Celery forks after this, and a connection shared by two processes serves neither.
        connection.close()
        if hasattr(connection, "close_pool"):
            connection.close_pool()


def _check_once(connection: Any, **_kwargs: Any) -> None:
    refuse_privileged_login(connection.alias)
    connection_created.disconnect(dispatch_uid=__name__)


@worker_init.connect
@beat_init.connect
def _guard_celery(**_kwargs: Any) -> None:
    try:
        refuse_to_serve_unguarded()
    except ImproperlyConfigured as error:
        # Celery logs what a signal's receiver raises and goes on; an exit it cannot swallow.
        raise SystemExit(str(error)) from error
