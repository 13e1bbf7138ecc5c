"""Accounts of the gateway and their states: OK, CREDENTIALS, ERROR, STOPPED, CONNECTING, DELETED.

The log has ``network_account`` for each change. An account that is not OK does nothing, and what reaches it meanwhile
is read and reported after its reconnection.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from sandbox.answering import Refused
from sandbox.core import Core
from sandbox.networks.ledger import Ledger
from sandbox.networks.people import canonical
from sandbox.providers.unipile.identities import CHANNELS, provider_id
from sandbox.providers.unipile.moments import iso
from sandbox.providers.unipile.webhooks import Webhooks

STATES: Final = ("OK", "CREDENTIALS", "ERROR", "STOPPED", "CONNECTING")
COLUMNS: Final = "id, type, name, identifier, state, info, created"


@dataclass(frozen=True)
class Account:
    """``identifier`` is the owner's, as that of a person; ``info`` says whether the account is paid for."""

    id: str
    type: str
    name: str
    identifier: str
    state: str
    info: dict[str, Any]
    created: float

    @property
    def channel(self) -> str:
        return CHANNELS[self.type]

    @property
    def ok(self) -> bool:
        return self.state == "OK"

    @property
    def provider_id(self) -> str:
        return provider_id(self.type, self.identifier)

    def as_json(self) -> dict[str, Any]:
        im: dict[str, Any] = {"id": self.provider_id, "username": self.name, "publicIdentifier": self.identifier}
        if self.type == "WHATSAPP":
            im = {"phone_number": self.identifier}
        elif self.info.get("premium"):
            im |= {"premiumId": f"premium-{self.id}", "premiumFeatures": ["sales_navigator"]}
        return {
            "object": "Account",
            "id": self.id,
            "type": self.type,
            "name": self.name,
            "created_at": iso(self.created),
            "connection_params": {"im": im},
            "groups": [],
            "sources": [{"id": f"{self.id}_MESSAGING", "status": self.state}],
        }


class Accounts:
    """All of them, in the storage."""

    def __init__(self, core: Core, ledger: Ledger, webhooks: Webhooks) -> None:
        self._core, self._ledger, self._webhooks = core, ledger, webhooks
        core.storage.create(
            "unipile_accounts",
            "id TEXT PRIMARY KEY, type TEXT, name TEXT, identifier TEXT, state TEXT, info TEXT, created REAL",
        )

    def create(self, values: Mapping[str, Any], *, id: str = "") -> Account:
        """Create an account that is OK. Raises Refused."""
        type = str(values.get("type", "LINKEDIN")).upper()
        if type not in CHANNELS:
            raise Refused(400, "invalid_parameters", f"The provider must be one of {', '.join(CHANNELS)}.")
        name = str(values.get("name") or "Maya Sender")
        identifier = canonical(str(values.get("identifier") or name.lower().replace(" ", "-")))
        id = id or str(values.get("id") or self._ledger.next_id("account", type, identifier)[:22])
        info = {"premium": bool(values.get("premium", True))}
        self._core.storage.execute(
            f"INSERT OR REPLACE INTO unipile_accounts ({COLUMNS}) VALUES (?, ?, ?, ?, 'OK', ?, ?)",
            *(id, type, name, identifier, orjson.dumps(info).decode(), self._core.clock.now()),
        )
        self._log(id, "OK", type=type, name=name)
        return self.get(id)

    def get(self, id: str) -> Account:
        """Raises Refused."""
        row = self._core.storage.row(f"SELECT {COLUMNS} FROM unipile_accounts WHERE id = ?", id)
        if row is None:
            raise Refused(404, "resource_not_found", "Account not found.")
        return _account(row)

    def usable(self, id: str) -> Account:
        """Return an account that can act. Raises Refused."""
        if not id:
            raise Refused(400, "invalid_parameters", "account_id is required.")
        account = self.get(id)
        if not account.ok:
            raise Refused(401, "disconnected_account", "The account appears to be disconnected from the provider.")
        return account

    def all(self) -> list[Account]:
        rows = self._core.storage.rows(f"SELECT {COLUMNS} FROM unipile_accounts ORDER BY created, rowid")
        return [_account(row) for row in rows]

    def connected(self, account: Account, *, again: bool) -> None:
        """Report that a sign-in succeeded."""
        self._report(account.id, account.type, "RECONNECTED" if again else "CREATION_SUCCESS")
        self._report(account.id, account.type, "SYNC_SUCCESS")

    def change(self, id: str, state: str) -> Account:
        """Move an account into a state and report it. Raises Refused."""
        before = self.get(id)
        if state not in STATES:
            raise Refused(400, "invalid_parameters", f"The state must be one of {', '.join(STATES)}.")
        self._core.storage.execute("UPDATE unipile_accounts SET state = ? WHERE id = ?", state, id)
        self._log(id, state)
        self._report(id, before.type, state)
        if state == "OK" and not before.ok:
            self._core.storage.execute("UPDATE unipile_messages SET hidden = 0 WHERE account = ?", id)
            self._core.storage.execute("UPDATE unipile_relations SET hidden = 0 WHERE account = ?", id)
            self._webhooks.release(id)
        return self.get(id)

    def delete(self, id: str) -> None:
        """Raises Refused."""
        account = self.get(id)
        self._core.storage.execute("DELETE FROM unipile_accounts WHERE id = ?", id)
        self._log(id, "DELETED")
        self._report(id, account.type, "DELETED")

    def _report(self, id: str, type: str, message: str) -> None:
        # Each report of an account meets its own fate on its way.
        about = f"{id}:{self._ledger.next_id('status')[:8]}"
        body = {"AccountStatus": {"account_id": id, "account_type": type, "message": message}}
        self._webhooks.report("account_status", message.lower(), id, body, about=about)

    def _log(self, id: str, state: str, **facts: object) -> None:
        self._core.log.write("network_account", protocol="unipile", account=id, state=state, **facts)


def _account(row: tuple[Any, ...]) -> Account:
    values: tuple[Any, ...] = (*row[:5], orjson.loads(row[5]), row[6])
    return Account(*values)
