"""schemathesis holds every answer of the API against the API's own document.

Cases are derived from the document and from nothing random, so a failure repeats.
``LAD_FUZZ_EXAMPLES=100 pytest tests/lad/api/test_fuzz.py`` tries harder, and
``st run http://127.0.0.1:8000/api/v1/schema/ -H "Authorization: Bearer …"`` goes on for longer against a running LAD.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from http import HTTPStatus
from typing import Any

import pytest
import schemathesis
from django import conf
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connection, transaction
from hypothesis import HealthCheck, Phase, given, settings
from rest_framework.settings import api_settings
from rest_framework.test import APIClient
from schemathesis.checks import CheckContext, not_a_server_error
from schemathesis.core.transport import Response
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from lad.api.openapi import document
from tenants.accounts.models import User
from tenants.accounts.tokens import issue_access_token
from tests.contract.catalogue import all_models
from tests.contract.world import World, any_row, build

AIMED_EXAMPLES, STRAY_EXAMPLES = int(os.environ.get("LAD_FUZZ_EXAMPLES", "2")), 1
# Left to chance these end nearly every case at a foreign tenant or a stale tag.
STRAY_HEADERS = ("X-Tenant-ID", "If-Match", "If-None-Match")
NOWHERE = "http://127.0.0.1:9"


def no_fault_of_its_own(ctx: CheckContext, response: Response, case: Any) -> bool | None:
    """Refuse an answer that says LAD failed; 502 says that the provider behind it did, and the document names it."""
    return None if response.status_code == HTTPStatus.BAD_GATEWAY else not_a_server_error(ctx, response, case)


CHECKS = [
    no_fault_of_its_own,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


def _operations(described: dict[str, Any]) -> list[Any]:
    schema = schemathesis.openapi.from_dict(described)
    schema.app = WSGIHandler()
    return [each.ok() for each in schema.get_all_operations()]  # type: ignore[union-attr]


@cache
def _aimed() -> dict[str, Any]:
    """Return the operations by their label, without what would lead a case astray."""
    described = json.loads(document())
    for path in described["paths"].values():
        for operation in path.values():
            operation["parameters"] = [each for each in operation.get("parameters", []) if not _leads_astray(each)]
            operation.pop("security", None)
    return {each.label: each for each in _operations(described)}


def _leads_astray(parameter: dict[str, Any]) -> bool:
    return parameter.get("$ref", "").rpartition("/")[2] in STRAY_HEADERS


OPERATIONS = _operations(json.loads(document()))


@pytest.fixture(scope="module")
def _everything(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    """Two tenants with every feature, and a row of each table in the first."""
    with django_db_blocker.unblock(), transaction.atomic():
        world = build()
        for model in all_models():
            any_row(model, world.acme)
        yield world
        transaction.set_rollback(True)


@pytest.fixture
def caller(_everything: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[User]:
    """The owner of the tenant that has a row of everything; what is done to it is undone."""
    monkeypatch.setattr(api_settings, "DEFAULT_THROTTLE_RATES", {})
    # Set up, for else the answer is always that card payments are not; nobody listens there.
    for name, value in {"SECRET_KEY": "sk_test", "WEBHOOK_SECRET": "whsec_test", "API_URL": NOWHERE}.items():
        monkeypatch.setattr(conf.settings, f"STRIPE_{name}", value)
    with _undone():
        yield _everything.acme.owner


@pytest.mark.parametrize("operation", OPERATIONS, ids=[each.label for each in OPERATIONS])
def test_every_answer_is_one_the_document_names(operation: Any, caller: User) -> None:
    token = issue_access_token(user=caller, tenant_id=caller.primary_tenant_id)
    headers = {"Authorization": f"Bearer {token}", "Host": "localhost"}
    real_ids = _real_ids(operation, APIClient(headers=headers))
    modes = schemathesis.GenerationMode
    aimed = _aimed()[operation.label]
    for mode in (modes.POSITIVE, modes.NEGATIVE):
        _try(operation.as_strategy(generation_mode=mode), headers, examples=STRAY_EXAMPLES)
        if mode is modes.POSITIVE or _can_be_wrong(aimed, real_ids):
            strategy = aimed.as_strategy(generation_mode=mode, path_parameters=real_ids or None)
            _try(strategy, headers, examples=AIMED_EXAMPLES)


def _can_be_wrong(operation: Any, given: dict[str, str]) -> bool:
    """Return whether the operation takes anything but what is given."""
    taken = [*operation.path_parameters, *operation.query, *operation.headers, *operation.body]
    return len(taken) > len(given)


def _real_ids(operation: Any, client: Any) -> dict[str, Any]:
    if "{id}" not in operation.path:
        return {}
    rows = client.get(operation.path.partition("{id}")[0]).json().get("results")
    return {"id": rows[-1]["id"]} if rows else {}


def _try(strategy: Any, headers: dict[str, str], *, examples: int) -> None:
    @settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=strategy)
    def check(case: Any) -> None:
        with _one_connection(), _undone():
            case.call_and_validate(headers=headers, checks=CHECKS)

    check()


@contextmanager
def _one_connection() -> Iterator[None]:
    """The application answers inside the test's own transaction, and so must not close its connection."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    try:
        yield
    finally:
        for signal in (request_started, request_finished):
            signal.connect(close_old_connections)


@contextmanager
def _undone() -> Iterator[None]:
    """Whatever a case did is gone before the next."""
    with transaction.atomic():
        # A view that calls an outside system refuses transactions other than those of tests.
        setattr(connection.atomic_blocks[-1], "_from_testcase", True)  # noqa: B010
        yield
        transaction.set_rollback(True)


def test_the_document_has_operations_to_try() -> None:
    assert len(OPERATIONS) > 40
    assert set(_aimed()) == {each.label for each in OPERATIONS}


def test_an_aimed_case_has_no_header_that_leads_astray() -> None:
    stray, aimed = ({name for each in found for name in _headers(each)} for found in (OPERATIONS, _aimed().values()))
    assert set(STRAY_HEADERS) <= stray
    assert "Idempotency-Key" in aimed
    assert not aimed & set(STRAY_HEADERS)


def _headers(operation: Any) -> set[str]:
    return {parameter.name for parameter in operation.headers}
