"""What each team was charged. It is the truth that LAD's own count is held against."""

from typing import Final

from sandbox.core import Core

PHONE_CREDITS: Final = 8


class Ledger:
    """Charges, in the storage and in the log."""

    def __init__(self, core: Core) -> None:
        self._core = core
        core.storage.create(
            "apollo_paid",
            "team TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, credits INTEGER NOT NULL, delivered INTEGER"
            " NOT NULL",
            index="team, kind, id",
        )

    def charge(
        self,
        team: str,
        kind: str,
        id: str,
        credits: int,
        *,
        delivered: bool,
        endpoint: str,
        request: str | None = None,
    ) -> None:
        """Charge a person, a company, a page or a phone. ``delivered`` says whether the answer arrives.

        ``request`` names the request that a phone's number came for: its deliveries say whether that arrived.
        """
        repeat = self.has_paid(team, kind, id)
        self._core.storage.execute(
            "INSERT INTO apollo_paid VALUES (?, ?, ?, ?, ?)", team, kind, id, credits, int(delivered)
        )
        self._core.log.write(
            "apollo_charge",
            team=team,
            endpoint=endpoint,
            subject=kind,
            id=id,
            credits=credits,
            delivered=delivered,
            repeat=repeat,
            request=request,
        )

    def has_paid(self, team: str, kind: str, id: str) -> bool:
        return bool(
            self._core.storage.row("SELECT 1 FROM apollo_paid WHERE team = ? AND kind = ? AND id = ?", team, kind, id)
        )

    def spent(self, team: str) -> int:
        row = self._core.storage.row("SELECT coalesce(sum(credits), 0) FROM apollo_paid WHERE team = ?", team)
        return int(row[0]) if row else 0

    def stats(self) -> dict[str, dict[str, int]]:
        """Count by team what was charged, and what of it was delivered."""
        rows = self._core.storage.rows(
            "SELECT team, sum(credits), sum(credits * delivered), count(*), sum(delivered) FROM apollo_paid"
            " GROUP BY team"
        )
        return {
            row[0]: {"credits": row[1], "delivered_credits": row[2], "charges": row[3], "delivered": row[4]}
            for row in rows
        }
