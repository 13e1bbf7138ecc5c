"""What a hostile request may write into the log."""

import django
import pytest
from django.test import Client
from structlog.testing import capture_logs

from lad.request_ids import MAX_LOGGED_PATH


@pytest.mark.django_db
def test_a_path_of_65_kb_is_cut_in_the_log() -> None:
    Client().get("/healthz")
    django.setup()  # A worker in the same process does so; loggers in use must follow.
    with capture_logs() as lines:
        response = Client().get("/api/v1/" + "eyJ" * 22_000)
    assert response.status_code == 404
    [line] = [each for each in lines if each["event"] == "request"]
    assert len(line["path"]) == MAX_LOGGED_PATH
    assert len(response.content) < 1_000
