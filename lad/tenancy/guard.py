"""Keep web and worker from serving with a database login that bypasses row-level security."""

import structlog
from celery.signals import beat_init, worker_init
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError, connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

from lad.tenancy.roles import refuse_privileged_login

log = structlog.get_logger(__name__)


def limit_statements() -> None:
    """Have PostgreSQL end statements of this process after DB_STATEMENT_SECONDS: whoever asked has gone by then."""
    options = connection.settings_dict["OPTIONS"]
    options["options"] = f"{options['options']} -c statement_timeout={settings.DB_STATEMENT_SECONDS}s"


def refuse_to_serve_unguarded() -> None:
    """Check the login now or, if the database is unreachable, on the first connection.

    Raises ImproperlyConfigured if the login would see every tenant's rows.
    """
    connection_created.connect(_check_once, dispatch_uid=__name__)
    try:
        connection.ensure_connection()
    except OperationalError:
        log.warning("The database is unreachable. The login will be checked on the first connection.")
    finally:
        # Celery forks after this, and two processes must not share a connection.
        connection.close()
        if hasattr(connection, "close_pool"):
            connection.close_pool()


def _check_once(connection: BaseDatabaseWrapper, **_kwargs: object) -> None:
    refuse_privileged_login(connection.alias)
    connection_created.disconnect(dispatch_uid=__name__)


@worker_init.connect
@beat_init.connect
def _guard_celery(**_kwargs: object) -> None:
    try:
        refuse_to_serve_unguarded()
    except ImproperlyConfigured as error:
        # Celery only logs exceptions of signal receivers; SystemExit ends the process.
        raise SystemExit(str(error)) from error
