"""Django's authentication backend, for signing in to the admin."""

from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from lad.errors import DomainError
from lad.tenancy.context import platform_context
from tenants.accounts.clients import sign_in_client
from tenants.accounts.models import User
from tenants.accounts.services import credentials, sign_in_limit


class EmailBackend:
    """Authenticates by e-mail address and password, with the same limit on failures as the API."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **fields: Any
    ) -> User | None:
        """Return the user, or None. Raises PermissionDenied if the client may not try now, so no other backend does.

        The request then has the error as ``locked_out``.
        """
        email = username or fields.get("email")
        if not email or password is None:
            return None
        try:
            client = sign_in_client(request) if request else None
            return credentials.verify(email=email, password=password, client=client)
        except sign_in_limit.LockedOut as error:
            if request is not None:
                request.locked_out = error  # type: ignore[attr-defined]
            raise PermissionDenied from error
        except DomainError:
            return None

    def get_user(self, user_id: UUID) -> User | None:
        """Return the user of a session, unless they were deleted or deactivated."""
        with platform_context():
            return User.objects.filter(pk=user_id, is_active=True).first()
