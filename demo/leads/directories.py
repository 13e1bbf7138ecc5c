"""The platform's directory account of the demo: the sandbox's Apollo."""

from datetime import datetime
from typing import Final

from django.conf import settings

from leads.companies.accounts.models import AccountStatus, DirectoryAccount

NAME: Final = "Sandbox directory"
KEY: Final = "sandbox-organization-demo"


def load_shared(now: datetime) -> None:
    """Create the account, if there is a sandbox."""
    if not settings.SANDBOX_URL:
        return
    DirectoryAccount.objects.create(
        name=NAME,
        base_url=f"{settings.SANDBOX_URL}/apollo/api/v1",
        api_key=KEY,
        status=AccountStatus.CONNECTED,
        tested_at=now,
    )
