"""All that reached a person, for limits, for duplicates, and for what people do with the second message.

The log has ``network_sent`` for each attempt at an action: ``accepted`` says whether it reached the person, ``reason``
why it did not, and ``again`` how often the same had reached the same person from the account before.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from sandbox.core import Core

DAY: Final = 86_400.0
WEEK: Final = 7 * DAY
COLUMNS: Final = "id, protocol, channel, account, action, recipient, text, reference, at"


@dataclass(frozen=True)
class Deed:
    """One action that reached a person. ``at`` is simulated time."""

    id: str
    protocol: str
    channel: str
    account: str
    action: str
    recipient: str
    text: str
    reference: str
    at: float


class Ledger:
    """What reached whom, in the storage; and who blocked whom."""

    def __init__(self, core: Core) -> None:
        self._core = core
        core.storage.create(
            "network_deeds",
            "id TEXT, protocol TEXT, channel TEXT, account TEXT, action TEXT, recipient TEXT, text TEXT, reference"
            " TEXT, at REAL, PRIMARY KEY (protocol, id)",
            index="account, action, at",
        )
        core.storage.execute("CREATE INDEX IF NOT EXISTS network_deeds_whom ON network_deeds (recipient, account)")
        core.storage.create(
            "network_closed",
            "channel TEXT, account TEXT, person TEXT, why TEXT, PRIMARY KEY (channel, account, person)",
        )

    def next_id(self, *parts: object) -> str:
        """Return an id that is the same in every run that asks for the same ids in the same order."""
        number = int(self._core.storage.setting("network_ids") or 0) + 1
        self._core.storage.set("network_ids", number)
        return hashlib.sha256("\x1f".join(map(str, (self._core.seed, number, *parts))).encode()).hexdigest()[:32]

    def record(self, deed: Deed, **facts: object) -> None:
        """Keep and log an action that reached its person."""
        with self._core.storage.transaction():
            again = self.count(deed.account, (deed.action,), recipient=deed.recipient, text=deed.text)
            self._core.storage.execute(
                f"INSERT INTO network_deeds ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", *asdict(deed).values()
            )
        self._log(deed, accepted=True, again=again, **facts)

    def refuse(self, deed: Deed, reason: str, **facts: object) -> None:
        """Log an action that reached nobody."""
        self._log(deed, accepted=False, reason=reason, **facts)

    def count(
        self,
        account: str,
        actions: tuple[str, ...],
        *,
        since: float = 0,
        recipient: str = "",
        text: str | None = None,
        with_text: bool = False,
    ) -> int:
        """Count what an account did, or only what had words."""
        marks = ", ".join("?" * len(actions))
        row = self._core.storage.row(
            f"SELECT count(*) FROM network_deeds WHERE account = ? AND action IN ({marks}) AND at > ?"
            " AND (? IN ('', recipient)) AND (? IS NULL OR text = ?) AND (NOT ? OR text != '')",
            *(account, *actions, since, recipient, text, text, with_text),
        )
        return int(row[0]) if row else 0

    def search(self, **matching: str) -> list[dict[str, Any]]:
        """Return what reached people, oldest first."""
        known = {name: value for name, value in matching.items() if name in COLUMNS.split(", ")}
        condition = " AND ".join(f"{name} = ?" for name in known) or "1"
        rows = self._core.storage.rows(
            f"SELECT {COLUMNS} FROM network_deeds WHERE {condition} ORDER BY at, rowid", *known.values()
        )
        return [asdict(Deed(*row)) for row in rows]

    def close(self, channel: str, account: str, person: str, why: str) -> None:
        """Let a person hear no more of an account: they ``blocked`` it, or ``opted_out``."""
        self._core.storage.execute(
            "INSERT OR REPLACE INTO network_closed VALUES (?, ?, ?, ?)", channel, account, person, why
        )
        self._core.log.write(f"network_{why}", channel=channel, account=account, person=person)

    def reopen(self, channel: str, account: str, person: str) -> None:
        self._core.storage.execute(
            "DELETE FROM network_closed WHERE channel = ? AND account = ? AND person = ?", channel, account, person
        )
        self._core.log.write("network_opted_in", channel=channel, account=account, person=person)

    def closed(self, channel: str, account: str, person: str) -> str:
        """Return why a person hears nothing of an account, or nothing."""
        row = self._core.storage.row(
            "SELECT why FROM network_closed WHERE channel = ? AND account = ? AND person = ?", channel, account, person
        )
        return str(row[0]) if row else ""

    def stats(self, protocol: str) -> dict[str, object]:
        """Count what reached people, and what reached somebody twice."""
        rows = self._core.storage.rows(
            "SELECT action, count(*) FROM network_deeds WHERE protocol = ? GROUP BY 1", protocol
        )
        twice = self._core.storage.row(
            "SELECT coalesce(sum(times - 1), 0) FROM (SELECT count(*) AS times FROM network_deeds WHERE protocol = ?"
            " GROUP BY account, action, recipient, text)",
            protocol,
        )
        return {"sent": dict(rows), "sent_twice": int(twice[0]) if twice else 0}

    def _log(self, deed: Deed, **facts: object) -> None:
        told: Mapping[str, object] = {
            name: value for name, value in asdict(deed).items() if name not in ("text", "at") and value
        }
        digest = hashlib.sha256(deed.text.encode()).hexdigest() if deed.text else None
        self._core.log.write("network_sent", **told, text_sha256=digest, **facts)
