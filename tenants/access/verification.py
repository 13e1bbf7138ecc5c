"""Only people whose e-mail address is verified send mail to others."""

from lad.errors import NotAllowed
from lad.types import Actor
from tenants.access.authority import is_platform


class EmailUnverified(NotAllowed):
    """Confirm your e-mail address first: open the link in the mail you got, or ask for another one."""

    code = "email_unverified"


def require_verified(actor: Actor) -> None:
    """Raise EmailUnverified if the actor has not verified their address. LAD and its staff need not."""
    if not is_platform(actor) and not getattr(actor, "email_verified", False):
        raise EmailUnverified
