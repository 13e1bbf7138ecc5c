"""The pool of database connections."""

import time

import pytest
from django.db import connection

from lad import settings as configuration


@pytest.mark.django_db(transaction=True)
def test_a_process_that_runs_one_query_at_a_time_holds_one_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DB_POOL", "true")
    configured = configuration._database()["OPTIONS"]["pool"]
    connection.close()
    options = connection.settings_dict["OPTIONS"]
    pooling, options["pool"] = options.get("pool"), configured
    try:
        for _ in range(3):
            connection.ensure_connection()
            connection.close()
        # A second connection would be opened in a thread.
        time.sleep(0.5)
        assert connection.pool.get_stats()["pool_size"] == 1  # type: ignore[attr-defined]
    finally:
        connection.close()
        connection.close_pool()  # type: ignore[attr-defined]
        options["pool"] = pooling
