"""A database that fails is a 503 with Retry-After wherever the failure is noticed, in the API and in the admin."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from rest_framework.test import APIClient

from lad.tenancy.context import tenant_context
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.factories.billing import BillingProfileFactory
from tests.factories.tenants import PASSWORD
from tests.support.api import problem
from tests.support.database import superuser_connection

pytestmark = pytest.mark.django_db(transaction=True)

PROFILE = "/api/v1/billing-profiles/mine/"
SIGN_IN = "/api/v1/auth/sign-in/"


@contextmanager
def killed_after(statements: int) -> Iterator[list[str]]:
    """End the connection's backend after so many statements. The list holds the statement after which it happened."""
    ran: list[str] = []
    killed: list[str] = []

    def count(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        result = execute(sql, params, many, context)
        ran.append(sql)
        if len(ran) == statements:
            killed.append(sql)
            pid = context["connection"].connection.info.backend_pid
            with superuser_connection() as superuser:
                superuser.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
        return result

    with connection.execute_wrapper(count):
        yield killed


def answers(send: Callable[[], Any]) -> list[Any]:
    """Send the request again and again, and kill the connection one statement later each time, until none is left."""
    found: list[Any] = []
    for statements in range(1, 200):
        connection.close()
        with killed_after(statements) as killed:
            response = send()
        if not killed:
            connection.close()
            return found
        found.append(response)
    raise AssertionError("The request does not end.")


def browser(client: Client) -> Client:
    client.raise_request_exception = False
    return client


def test_reading_through_the_api(api: Callable[..., APIClient], owner: User) -> None:
    client = browser(api(owner))
    found = answers(lambda: client.get(PROFILE))
    assert len(found) > 2
    _require_unavailable(found)


def test_writing_through_the_api(api: Callable[..., APIClient], owner: User) -> None:
    client = browser(api(owner))
    found = answers(lambda: client.put(PROFILE, {"legal_name": "Acme"}, format="json"))
    assert len(found) > 3
    _require_unavailable(found)


def test_signing_in(owner: User, db: None) -> None:
    client = browser(APIClient())
    found = answers(lambda: client.post(SIGN_IN, {"email": owner.email, "password": PASSWORD}, format="json"))
    assert len(found) > 2
    _require_unavailable(found)


def test_reading_in_the_admin(tenant: Tenant, root: Client) -> None:
    with tenant_context(tenant.pk):
        row = BillingProfileFactory.create(tenant=tenant)
    browser(root)
    for page in ("/admin/", "/admin/billing/billingprofile/", f"/admin/billing/billingprofile/{row.pk}/change/"):
        found = answers(partial(root.get, page))
        assert len(found) > 2
        _require_unavailable(found)


def test_writing_in_the_admin(tenant: Tenant, root: Client) -> None:
    with tenant_context(tenant.pk):
        row = BillingProfileFactory.create(tenant=tenant)
    browser(root)
    numbers = iter(range(1_000))
    page = f"/admin/billing/billingprofile/{row.pk}/change/"

    def send() -> Any:
        return root.post(
            page,
            {
                "legal_name": f"Acme {next(numbers)}",
                "tax_name": "VAT",
                "tax_rate": "0.05",
                "tax_point": "use",
                "payment_terms_days": 14,
            },
        )

    found = answers(send)
    assert len(found) > 3
    _require_unavailable(found)


def _require_unavailable(found: list[Any]) -> None:
    wrong = [(place, r.status_code, r.content[:200]) for place, r in enumerate(found) if r.status_code != 503]
    assert not wrong
    assert {response["Retry-After"] for response in found} == {"1"}
    if found[0]["Content-Type"].startswith("application"):
        assert {problem(response) for response in found} == {(503, "unavailable")}
