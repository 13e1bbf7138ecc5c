"""Reports to the webhook of a number: messages, statuses and templates, signed by the app's secret."""

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any, Final

import orjson

from sandbox.core import Core
from sandbox.deliveries import Callback
from sandbox.networks.settings import Settings, deliveries_of
from sandbox.providers.whatsapp.numbers import Number

PROTOCOL: Final = "whatsapp_cloud"
APP_SECRET: Final = "sandbox-app-secret"  # noqa: S105  (opens nothing outside)
ATTEMPTS: Final = 5


class Reports:
    """What LAD is told."""

    def __init__(self, core: Core, settings: Settings) -> None:
        self._core, self._settings = core, settings
        self.deliveries = deliveries_of(core, settings, PROTOCOL)
        self.deliveries.sign_with(PROTOCOL, sign, attempts=ATTEMPTS)

    def status(self, number: Number, status: Mapping[str, Any], *, event: str) -> None:
        """Report what became of a message."""
        value = {**self._value(number), "statuses": [dict(status)]}
        self._send(number, "messages", value, about=str(status["id"]), to=str(status["recipient_id"]), event=event)

    def message(self, number: Number, message: Mapping[str, Any], name: str) -> None:
        """Report a message of somebody."""
        sender = str(message["from"])
        contacts = [{"profile": {"name": name}, "wa_id": sender}]
        value = {**self._value(number), "contacts": contacts, "messages": [dict(message)]}
        self._send(number, "messages", value, about=str(message["id"]), to=sender, event="message")

    def template(self, number: Number, template: Mapping[str, Any], event: str) -> None:
        """Report what WhatsApp decided about a template."""
        value = {
            "event": event,
            "message_template_id": int(template["id"]),
            "message_template_name": template["name"],
            "message_template_language": template["language"],
            "reason": "NONE",
        }
        self._send(number, "message_template_status_update", value, about=str(template["id"]), to="", event="template")

    def _value(self, number: Number) -> dict[str, Any]:
        metadata = {"display_phone_number": number.number.lstrip("+"), "phone_number_id": number.id}
        return {"messaging_product": "whatsapp", "metadata": metadata}

    def _send(self, number: Number, field: str, value: dict[str, Any], *, about: str, to: str, event: str) -> None:
        told = self._settings.account(number.id)
        entry = {"id": number.business, "changes": [{"field": field, "value": value}]}
        body = orjson.dumps({"object": "whatsapp_business_account", "entry": [entry]})
        self.deliveries.send(
            PROTOCOL,
            number.id,
            str(told.get("webhook", "")),
            about=about,
            to=to,
            event=event,
            body=body,
            secret=str(told.get("webhook_secret", APP_SECRET)),
        )


def sign(callback: Callback) -> Mapping[str, str]:
    digest = hmac.new(callback.secret.encode(), callback.body, hashlib.sha256).hexdigest()
    return {"X-Hub-Signature-256": f"sha256={digest}"}
