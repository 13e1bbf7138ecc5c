"""Helpers of the account tests."""

from typing import Any

from tests.factories.tenants import PASSWORD

NEW_PASSWORD = "another horse, another battery"

__all__ = ["NEW_PASSWORD", "PASSWORD", "sign_in"]


def sign_in(api: Any, email: str, password: str = PASSWORD, **more: Any) -> Any:
    return api().post("/api/v1/auth/sign-in/", {"email": email, "password": password, **more}, format="json")
