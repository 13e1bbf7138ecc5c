"""Signing in to the admin and the browsable API."""

from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from lad.errors import DomainError
from lad.tenancy.context import platform_context
from tenants.accounts.models import User
from tenants.accounts.services import credentials


class EmailBackend:
    """Finds people by their e-mail address, whatever its case, with the API's lock-out."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **fields: Any
    ) -> User | None:
        """The user, or None; raises PermissionDenied, which ends the search, when locked out."""
        email = username or fields.get("email")
        if not email or password is None:
            return None
        try:
            return credentials.verify(email=email, password=password)
        except credentials.LockedOut as error:
            raise PermissionDenied from error
        except DomainError:
            return None

    def get_user(self, user_id: UUID) -> User | None:
        """The user of a session, unless deleted or deactivated since."""
        with platform_context():
            return User.objects.filter(pk=user_id, is_active=True).first()
