"""Signing in to a network through the gateway: by credentials, cookies, or a code that a telephone scans.

How it goes follows from what was told by POST /unipile/sign-ins, or from the name: one with the word ``otp``, ``2fa``,
``approval`` or ``captcha`` in it meets that checkpoint; the password or cookie ``wrong`` is refused. The log has each
code as ``network_code``. A checkpoint must be solved within five minutes.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from sandbox.answering import Answer
from sandbox.core import Core
from sandbox.http import Problem
from sandbox.networks.ledger import Ledger
from sandbox.networks.people import canonical
from sandbox.providers.unipile.accounts import Account, Accounts
from sandbox.providers.unipile.errors import refused

OUTCOMES: Final = {
    "ok": "",
    "otp": "OTP",
    "2fa": "2FA",
    "approval": "IN_APP_VALIDATION",
    "captcha": "CAPTCHA",
    "wrong": "",
}
WITH_CODE: Final = ("OTP", "2FA", "CAPTCHA")
INTENT_SECONDS: Final = 300.0
QR_SECONDS: Final = 45.0
ANOTHER_WAY: Final = "TRY_ANOTHER_WAY"


@dataclass(frozen=True)
class Intent:
    """A sign-in that waits for something. ``again`` is that of an account that there is."""

    id: str
    checkpoint: str
    code: str
    values: dict[str, Any]
    again: bool
    ends: float


class SignIn:
    """Sign-ins, in the storage while they wait."""

    def __init__(self, core: Core, ledger: Ledger, accounts: Accounts) -> None:
        self._core, self._ledger, self._accounts = core, ledger, accounts
        core.storage.create(
            "unipile_intents",
            "id TEXT PRIMARY KEY, checkpoint TEXT, code TEXT, value TEXT, again INTEGER, ends REAL",
        )

    def tell(self, values: Mapping[str, Any]) -> None:
        """Say how the sign-ins of a user name go. Raises Problem."""
        if values["outcome"] not in OUTCOMES:
            raise Problem(400, f"There are the outcomes {', '.join(OUTCOMES)}.")
        told = self._core.storage.setting("unipile_outcomes") or {}
        self._core.storage.set("unipile_outcomes", {**told, str(values["username"]).lower(): values["outcome"]})

    def begin(self, body: Mapping[str, Any], *, again: Account | None = None) -> Answer:
        """Sign in as POST /accounts says, and answer an account or a checkpoint. Raises Refused."""
        type = str(body.get("provider") or (again.type if again else "")).upper()
        if again is not None and type != again.type:
            raise refused("invalid_parameters", "The provider is not the account's.")
        if type == "WHATSAPP":
            return self._wait("QRCODE", {"type": type}, again)
        username, password = str(body.get("username") or ""), str(body.get("password") or "")
        cookie = str(body.get("access_token") or "")
        if type not in ("LINKEDIN", "INSTAGRAM"):
            raise refused("invalid_parameters", "The provider must be LINKEDIN, WHATSAPP or INSTAGRAM.")
        if not (username and password) and not (type == "LINKEDIN" and cookie):
            raise refused("missing_credentials", "Give username and password, or the cookie as access_token.")
        outcome = self._outcome(username, password or cookie)
        if outcome == "wrong":
            raise refused("invalid_credentials", "The provided credentials are invalid.")
        name = username.partition("@")[0] or f"member-{cookie[-8:]}"
        values = {
            "type": type,
            "name": " ".join(word.title() for word in re.split(r"[._+-]", name) if word not in OUTCOMES),
            "identifier": canonical(name.replace(".", "-") if type == "LINKEDIN" else name),
            "premium": body.get("premium", True),
        }
        if checkpoint := OUTCOMES[outcome]:
            return self._wait(checkpoint, values, again)
        return self.finish(values, again.id if again else "", again=again is not None)

    def solve(self, body: Mapping[str, Any]) -> Answer:
        """Take a code. Raises Refused."""
        intent, code = self.intent(str(body.get("account_id") or "")), str(body.get("code") or "")
        if code == ANOTHER_WAY and intent.checkpoint == "IN_APP_VALIDATION":
            return self._change(intent, "OTP")
        if intent.checkpoint not in WITH_CODE:
            raise refused("invalid_checkpoint_solution", "This checkpoint is solved on the telephone.")
        if code != intent.code:
            raise refused("invalid_checkpoint_solution", "The provided code is not correct.")
        return self.complete(intent)

    def resend(self, id: str) -> Answer:
        """Send a new code, or draw a new one. Raises Refused."""
        intent = self.intent(id)
        return self._change(intent, intent.checkpoint)

    def approve(self, id: str, *, code: str = "") -> Answer:
        """Let the owner approve in the app, or scan the code that is shown. Raises Refused."""
        intent = self.intent(id)
        if intent.checkpoint == "QRCODE":
            if code and code != intent.code:
                raise refused("request_timeout", "This code has been replaced by a newer one.")
            if self._core.clock.now() > intent.ends - INTENT_SECONDS + QR_SECONDS:
                raise refused("request_timeout", "This code has expired.")
        return self.complete(intent)

    def complete(self, intent: Intent) -> Answer:
        self._core.storage.execute("DELETE FROM unipile_intents WHERE id = ?", intent.id)
        return self.finish(intent.values, intent.id, again=intent.again)

    def finish(self, values: Mapping[str, Any], id: str, *, again: bool) -> Answer:
        """Connect the account."""
        account = self._accounts.change(id, "OK") if again else self._accounts.create(values, id=id)
        self._accounts.connected(account, again=again)
        name = "AccountReconnected" if again else "AccountCreated"
        return Answer({"object": name, "account_id": account.id}, 200 if again else 201)

    def intent(self, id: str) -> Intent:
        """Raises Refused."""
        row = self._core.storage.row(
            "SELECT id, checkpoint, code, value, again, ends FROM unipile_intents WHERE id = ?", id
        )
        if row is None:
            raise refused("resource_not_found", "There is no sign-in that waits for this account.")
        if self._core.clock.now() > row[5]:
            raise refused("request_timeout", "The checkpoint was not solved in time. Begin again.")
        return Intent(row[0], row[1], row[2], orjson.loads(row[3]), bool(row[4]), row[5])

    def waiting(self) -> list[Intent]:
        """Return the sign-ins that somebody must approve or scan."""
        rows = self._core.storage.rows(
            "SELECT id, checkpoint, code, value, again, ends FROM unipile_intents WHERE ends > ? ORDER BY rowid",
            self._core.clock.now(),
        )
        return [Intent(row[0], row[1], row[2], orjson.loads(row[3]), bool(row[4]), row[5]) for row in rows]

    def _wait(self, checkpoint: str, values: dict[str, Any], again: Account | None) -> Answer:
        id = again.id if again else self._ledger.next_id("account", values["type"])[:22]
        return self._change(Intent(id, checkpoint, "", values, again is not None, 0.0), checkpoint)

    def _change(self, intent: Intent, checkpoint: str) -> Answer:
        """Keep what the sign-in waits for now, with a new code, and answer it."""
        key = self._ledger.next_id("code", intent.id)
        code = f"2@{key},{key[::-1]}" if checkpoint == "QRCODE" else str(int(key[:8], 16) % 900_000 + 100_000)
        self._core.storage.execute(
            "INSERT OR REPLACE INTO unipile_intents VALUES (?, ?, ?, ?, ?, ?)",
            *(intent.id, checkpoint, code, orjson.dumps(intent.values).decode(), int(intent.again)),
            self._core.clock.now() + INTENT_SECONDS,
        )
        if checkpoint in WITH_CODE or checkpoint == "QRCODE":
            self._core.log.write("network_code", protocol="unipile", account=intent.id, type=checkpoint, code=code)
        told: dict[str, Any] = {"type": checkpoint}
        if checkpoint == "QRCODE":
            told["qrcode"] = code
        if checkpoint == "OTP":
            told["source"] = "EMAIL"
        return Answer({"object": "Checkpoint", "account_id": intent.id, "checkpoint": told}, 202)

    def _outcome(self, username: str, key: str) -> str:
        if key == "wrong":
            return "wrong"
        told = self._core.storage.setting("unipile_outcomes") or {}
        if outcome := told.get(username.lower()):
            return str(outcome)
        words = re.split(r"[-._+@]", username.lower())
        return next((word for word in words if word in OUTCOMES), "ok")
