"""Take in what the gateway reports to LAD. Its subscription serves all tenants; the report names the account.

The proof is a secret that the gateway brings in a header. What is about an account that LAD does not know is answered
and forgotten, or the gateway would repeat it.
"""

import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import orjson
import structlog
from django.conf import settings

from campaigns.accounts.models import ChannelAccount, LinkedinAccount, NetworkAccount
from campaigns.accounts.providers import UNIPILE
from campaigns.gateways.unipile.records import identifier, moment, text
from campaigns.gateways.unipile.webhooks import SECRET_HEADER
from campaigns.provider_reports.services import NewReport, take_in
from lad.callback_addresses import CallbackRefused
from lad.errors import Invalid
from lad.tenancy.context import platform_context

PATH: Final = "/api/v1/gateway-reports/unipile/"
# Longer texts are cut: no network takes more.
MAX_TEXT: Final = 20_000
NOT_JSON: Final = "A report is a JSON object."
# Events about messages, of which the gateway sends each again if it gets no answer.
ABOUT_MESSAGES: Final = frozenset({"message_received", "message_read", "message_delivered"})

log = structlog.get_logger("lad.campaigns.reports")


def receive(headers: Mapping[str, str], body: bytes, *, now: datetime) -> int:
    """Take in a report. Return how many were new. Raises CallbackRefused and Invalid."""
    _check(headers)
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        value = None
    if not isinstance(value, dict):
        raise Invalid(errors={"body": [NOT_JSON]})
    told = value.get("AccountStatus")
    status = told if isinstance(told, dict) else None
    account = account_at(identifier((status or value).get("account_id")))
    report = _status(status, now) if status is not None else _report(value)
    if account is None or report is None:
        log.info("report forgotten", report=text(value.get("event"), 50), known=account is not None)
        return 0
    return take_in(account, [report])


def account_at(known_as: str) -> NetworkAccount | None:
    """Return the account of whichever tenant that the gateway calls so.

    The gateway names an account once, when it is connected. If two tenants claim one, the first is believed.
    """
    if not known_as:
        return None
    with platform_context():
        linkedin = LinkedinAccount.objects.filter(provider=UNIPILE, unipile_account_id=known_as)
        own: NetworkAccount | None = linkedin.order_by("created_at", "pk").first()
        if own is not None:
            return own
        others = ChannelAccount.objects.filter(provider=UNIPILE, provider_account_id=known_as)
        found: NetworkAccount | None = others.order_by("created_at", "pk").first()
        return found


def _check(headers: Mapping[str, str]) -> None:
    """Raise CallbackRefused unless the report brings the secret. Without a secret nobody is believed."""
    secret = settings.UNIPILE_WEBHOOK_SECRET
    given = headers.get(SECRET_HEADER.lower(), "")
    if not secret or not hmac.compare_digest(given.encode(), secret.encode()):
        raise CallbackRefused


def _status(told: Mapping[str, Any], now: datetime) -> NewReport:
    """Return the report of an account's state. It is asked for again, so that an old report says nothing wrong."""
    message = text(told.get("message"), 50).upper()
    # A minute later the same word may be news.
    return NewReport("account_status", f"status:{message}:{now:%Y-%m-%dT%H:%M}", {"status": message}, now)


def _report(value: Mapping[str, Any]) -> NewReport | None:
    event, at = text(value.get("event"), 50), moment(value.get("timestamp"))
    if event in ABOUT_MESSAGES:
        message_id = identifier(value.get("message_id"))
        return NewReport(event, f"{event}:{message_id}", _message(value, message_id), at) if message_id else None
    if event == "new_relation":
        person_id = identifier(value.get("user_provider_id"))
        content = {"person_id": person_id, "name": identifier(value.get("user_public_identifier"))}
        return NewReport(event, f"{event}:{person_id}", content, at) if person_id else None
    return None


def _message(value: Mapping[str, Any], message_id: str) -> dict[str, Any]:
    """Return what LAD needs of a report about a message."""
    info, sender = _mapping(value.get("account_info")), _attendee(value.get("sender"))
    others = value.get("attendees")
    return {
        "message_id": message_id,
        "chat_id": identifier(value.get("chat_id")),
        "chat": identifier(value.get("provider_chat_id")),
        "text": text(value.get("message"), MAX_TEXT),
        "owner_id": identifier(info.get("user_id")),
        "is_sender": value.get("is_sender") in (1, True),
        "sender": sender,
        "attendees": [_attendee(each) for each in others[:20]] if isinstance(others, list) else [],
    }


def _attendee(value: object) -> dict[str, str]:
    told = _mapping(value)
    return {
        "id": identifier(told.get("attendee_provider_id")),
        "name": text(told.get("attendee_name"), 255),
        "url": text(told.get("attendee_profile_url"), 500),
        "phone": identifier(_mapping(told.get("attendee_specifics")).get("phone_number")),
    }


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
