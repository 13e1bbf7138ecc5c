"""Let the gateway report to LAD."""

from typing import Final

import structlog
from django.conf import settings

from campaigns.gateways.endpoints import endpoints
from campaigns.gateways.unipile import webhooks
from campaigns.gateways.unipile.errors import GatewayError
from campaigns.gateways.unipile.requests import is_set_up
from campaigns.provider_reports.unipile import PATH
from lad.errors import Conflict
from lad.tenancy.context import require_no_scope

log = structlog.get_logger("lad.campaigns.gateway")

NOT_SET_UP: Final = "Set UNIPILE_BASE_URL, UNIPILE_API_KEY and UNIPILE_WEBHOOK_SECRET first."
NOT_REACHABLE: Final = "The gateway reports to public addresses with https only. Set PUBLIC_URL to LAD's own."


class GatewayCannotReport(Conflict):
    """The gateway cannot report to LAD."""

    code = "gateway_cannot_report"


def report_url() -> str:
    """Return where the gateway reports."""
    return f"{settings.PUBLIC_URL.rstrip('/')}{PATH}"


def register(*, again: bool = False) -> list[str]:
    """Let the gateway report to LAD. Return what was registered now: nothing if all was already.

    ``again`` replaces what is registered, for a new secret. Raises GatewayCannotReport and a GatewayError.
    """
    require_no_scope("The gateway is asked")
    if not is_set_up() or not settings.UNIPILE_WEBHOOK_SECRET:
        raise GatewayCannotReport(NOT_SET_UP)
    # The sandbox stands beside LAD and reaches it without TLS.
    if not settings.PUBLIC_URL.startswith("https://") and not endpoints.is_sandbox(settings.UNIPILE_BASE_URL):
        raise GatewayCannotReport(NOT_REACHABLE)
    if again:
        webhooks.remove(report_url())
    return webhooks.register(report_url(), settings.UNIPILE_WEBHOOK_SECRET)


def register_if_set_up() -> list[str]:
    """Do it if the operator has set up the gateway. What does not work is logged, and tried again by the next run."""
    try:
        registered = register()
    except GatewayCannotReport:
        return []
    except GatewayError as error:
        log.warning("gateway does not report yet", reason=error.code)
        return []
    if registered:
        log.info("gateway reports", sources=registered)
    return registered
