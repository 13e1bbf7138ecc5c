"""Subscriptions, and what is reported to them. While an account is not OK its messages wait for its reconnection."""

from collections.abc import Mapping
from typing import Any, Final

import orjson

from sandbox.answering import Refused
from sandbox.core import Core
from sandbox.deliveries import Callback, Deliveries
from sandbox.networks.ledger import Ledger
from sandbox.networks.settings import Settings, deliveries_of

PROTOCOL: Final = "unipile"
ATTEMPTS: Final = 5
EVENTS: Final = {
    "messaging": (
        "message_received",
        "message_read",
        "message_reaction",
        "message_edited",
        "message_deleted",
        "message_delivered",
    ),
    "users": ("new_relation",),
    "account_status": (
        "creation_success",
        "creation_fail",
        "deleted",
        "reconnected",
        "sync_success",
        "error",
        "credentials",
        "permissions",
        "connecting",
        "ok",
        "stopped",
    ),
    "email": (),
    "email_tracking": (),
}
# Without a word on events, a subscription to messages has these.
USUAL_MESSAGING: Final = ("message_received", "message_read", "message_reaction")


class Webhooks:
    """All subscriptions, in the storage."""

    def __init__(self, core: Core, ledger: Ledger, settings: Settings) -> None:
        self._core, self._ledger = core, ledger
        self._deliveries = deliveries_of(core, settings, PROTOCOL)
        self._deliveries.sign_with(PROTOCOL, self._sign, attempts=ATTEMPTS)
        core.storage.create("unipile_webhooks", "id TEXT PRIMARY KEY, source TEXT, value TEXT")
        core.storage.create("unipile_held", "id INTEGER PRIMARY KEY, account TEXT, value TEXT", index="account")

    @property
    def deliveries(self) -> Deliveries:
        return self._deliveries

    def create(self, body: Mapping[str, Any]) -> str:
        """Keep a subscription and return its id. Raises Refused."""
        source, url = str(body.get("source", "")), str(body.get("request_url", ""))
        if source not in EVENTS:
            raise Refused(400, "invalid_parameters", f"source must be one of {', '.join(EVENTS)}.")
        if not url.startswith("http"):
            raise Refused(400, "invalid_parameters", "request_url must be an address.")
        if unknown := set(body.get("events") or ()) - set(EVENTS[source]):
            raise Refused(400, "invalid_parameters", f"unknown events: {', '.join(sorted(unknown))}")
        id = "we_" + self._ledger.next_id("webhook")[:22]
        value = {
            "object": "Webhook",
            "id": id,
            "source": source,
            "request_url": url,
            "name": body.get("name", ""),
            "format": body.get("format", "json"),
            "enabled": True,
            "headers": body.get("headers") or [],
            "events": body.get("events") or [],
            "account_ids": body.get("account_ids") or [],
        }
        self._core.storage.execute(
            "INSERT INTO unipile_webhooks VALUES (?, ?, ?)", id, source, orjson.dumps(value).decode()
        )
        return id

    def all(self) -> list[dict[str, Any]]:
        rows = self._core.storage.rows("SELECT value FROM unipile_webhooks ORDER BY rowid")
        return [orjson.loads(value) for (value,) in rows]

    def delete(self, id: str) -> None:
        """Raises Refused."""
        if self._core.storage.execute("DELETE FROM unipile_webhooks WHERE id = ?", id).rowcount == 0:
            raise Refused(404, "resource_not_found", "There is no such webhook.")

    def report(
        self,
        source: str,
        event: str,
        account: str,
        body: Mapping[str, Any],
        *,
        about: str,
        to: str = "",
        held: bool = False,
    ) -> None:
        """Report something of an account to those who subscribed, or keep it while the account is ``held``."""
        if held:
            value = {"source": source, "event": event, "body": dict(body), "about": about, "to": to}
            self._core.storage.execute(
                "INSERT INTO unipile_held (account, value) VALUES (?, ?)", account, orjson.dumps(value).decode()
            )
            return
        for webhook in self.all():
            events = webhook["events"] or (USUAL_MESSAGING if source == "messaging" else EVENTS[source])
            if webhook["source"] != source or event not in events:
                continue
            if webhook["account_ids"] and account not in webhook["account_ids"]:
                continue
            told = {**body, "webhook_name": webhook["name"]} if source != "account_status" else dict(body)
            headers = orjson.dumps({each["key"]: each["value"] for each in webhook["headers"]}).decode()
            self._deliveries.send(
                PROTOCOL, account, webhook["request_url"], about=about, to=to, event=event, body=told, secret=headers
            )

    def release(self, account: str) -> None:
        """Report the messages of the time in which an account was not OK. Other reports of it are lost."""
        rows = self._core.storage.rows("SELECT value FROM unipile_held WHERE account = ? ORDER BY id", account)
        self._core.storage.execute("DELETE FROM unipile_held WHERE account = ?", account)
        for (text,) in rows:
            value = orjson.loads(text)
            if value["source"] == "messaging":
                self.report(
                    value["source"], value["event"], account, value["body"], about=value["about"], to=value["to"]
                )

    def notify(self, url: str, account: str, body: Mapping[str, Any]) -> None:
        """Report the end of a hosted sign-in to the address that the link names. It has no headers of anybody's."""
        self._deliveries.send(
            PROTOCOL,
            account,
            url,
            about=account,
            to="",
            event="notify",
            body=dict(body),
            secret=orjson.dumps({"Content-Type": "application/json"}).decode(),
        )

    def _sign(self, callback: Callback) -> Mapping[str, str]:
        """Return the headers of the subscription. Without a content type among them there is none."""
        headers: dict[str, str] = orjson.loads(callback.secret or "{}")
        kind = next((value for name, value in headers.items() if name.lower() == "content-type"), "")
        others = {name: value for name, value in headers.items() if name.lower() != "content-type"}
        return {**others, "content-type": kind}
