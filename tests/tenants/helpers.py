"""Helpers of the account tests."""

from typing import Any

from rest_framework.test import APIClient

from tenants.accounts.models import User
from tenants.accounts.services import sessions
from tests.factories.tenants import PASSWORD

NEW_PASSWORD = "another horse, another battery"

__all__ = ["NEW_PASSWORD", "PASSWORD", "confirmed", "sign_in"]


def sign_in(api: Any, email: str, password: str = PASSWORD, **more: Any) -> Any:
    return api().post("/api/v1/auth/sign-in/", {"email": email, "password": password, **more}, format="json")


def confirmed(api: Any, user: User) -> APIClient:
    """Return a client of the user in a session that has just begun, in which nothing asks for the password again."""
    client: APIClient = api()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {sessions.start(user=user).access_token}")
    return client
