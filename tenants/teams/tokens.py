"""Derive the secret in an invitation's link. It is not stored."""

import base64
import hashlib
from typing import Final

from django.utils.crypto import salted_hmac

from tenants.teams.models import TenantInvitation

_INVITATION_SALT: Final = "lad.invitation"


def hash_secret(secret: str) -> str:
    """Return the SHA-256 of a secret in hex. Only for random secrets, not for passwords."""
    return hashlib.sha256(secret.encode()).hexdigest()


def invitation_token(invitation: TenantInvitation) -> str:
    """Return the secret of the invitation's link. A new ``token_version`` changes it."""
    mac = salted_hmac(_INVITATION_SALT, f"invitation:{invitation.pk}:{invitation.token_version}", algorithm="sha256")
    return base64.urlsafe_b64encode(mac.digest()).rstrip(b"=").decode()
