"""What the tests of accounts share."""

from collections.abc import Callable
from threading import Barrier, Thread
from typing import Any
from uuid import UUID

from django.db import connection

from lad.outbox.models import DomainEvent
from lad.tenancy.context import platform_context
from tenants.accounts.models import User
from tests.factories.tenants import PASSWORD

NEW_PASSWORD = "another horse, another battery"

__all__ = ["NEW_PASSWORD", "PASSWORD", "events", "fresh", "problem", "sign_in", "together"]


def problem(response: Any) -> tuple[int, str]:
    """Status and code of a problem document."""
    assert response["Content-Type"] == "application/problem+json", response.content
    return response.status_code, response.json()["code"]


def events(kind: str, tenant_id: UUID | None = None) -> list[DomainEvent]:
    """The events of one type, the oldest first."""
    with platform_context():
        found = DomainEvent.objects.filter(event_type=kind)
        return list((found.filter(tenant=tenant_id) if tenant_id else found).order_by("created_at"))


def fresh(user: User) -> User:
    """The user as the database has them now."""
    with platform_context():
        return User.all_objects.get(pk=user.pk)


def sign_in(api: Any, email: str, password: str = PASSWORD, **more: Any) -> Any:
    return api().post("/api/v1/auth/sign-in/", {"email": email, "password": password, **more}, format="json")


def together(*calls: Callable[[], Any]) -> list[Any]:
    """Run the calls at the same moment on connections of their own; their results or errors, in order."""
    barrier = Barrier(len(calls))
    results: list[Any] = [None] * len(calls)

    def run(index: int, call: Callable[[], Any]) -> None:
        try:
            barrier.wait()
            results[index] = call()
        except Exception as error:
            results[index] = error
        finally:
            connection.close()

    threads = [Thread(target=run, args=each) for each in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results
