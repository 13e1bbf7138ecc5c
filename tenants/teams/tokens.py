"""The secret in an invitation's link: derived again whenever it is needed, stored nowhere."""

import base64
import hashlib
from typing import Final

from django.utils.crypto import salted_hmac

from tenants.teams.models import TenantInvitation

_INVITATION_SALT: Final = "lad.invitation"


def hash_secret(secret: str) -> str:
    """What is stored of a secret: its SHA-256 in hex. Only for secrets with the entropy of a key."""
    return hashlib.sha256(secret.encode()).hexdigest()


def invitation_token(invitation: TenantInvitation) -> str:
    """The secret in the invitation's link; a new ``token_version`` makes another."""
    mac = salted_hmac(_INVITATION_SALT, f"invitation:{invitation.pk}:{invitation.token_version}", algorithm="sha256")
    return base64.urlsafe_b64encode(mac.digest()).rstrip(b"=").decode()
