"""How much an account may do: by day and week for each action, and requests in a minute."""

from collections import defaultdict, deque
from typing import Any, Final

from sandbox.core import Core
from sandbox.networks.ledger import DAY, WEEK, Ledger
from sandbox.networks.settings import Settings

WINDOWS: Final = {"day": DAY, "week": WEEK, "month": 30 * DAY}


class Limits:
    """Limits by rolling windows of simulated time."""

    def __init__(self, core: Core, ledger: Ledger, settings: Settings) -> None:
        self._core, self._ledger, self._settings = core, ledger, settings
        self._recent: defaultdict[str, deque[float]] = defaultdict(deque)

    def reset(self) -> None:
        self._recent.clear()

    def settings(self, account: str) -> dict[str, Any]:
        """Return what was said of an account."""
        return self._settings.account(account)

    def notes_exceeded(self, account: str, usual: dict[str, int]) -> str:
        """Return the window in which an account has sent enough invitations with a note, or nothing."""
        return self._enough(account, "note", ("invitation",), usual, with_text=True)

    def exceeded(self, account: str, limited: str, actions: tuple[str, ...], usual: dict[str, int]) -> str:
        """Return the window ("day", "week", "month") in which the account has done enough of this, or nothing."""
        return self._enough(account, limited, actions, usual, with_text=False)

    def too_fast(self, account: str) -> bool:
        """Count a request and return whether there were too many in the last minute."""
        most = self._settings.account(account).get("per_minute")
        if most is None:
            return False
        now, recent = self._core.clock.now(), self._recent[account]
        while recent and recent[0] <= now - 60:
            recent.popleft()
        if len(recent) >= int(most):
            return True
        recent.append(now)
        return False

    def _enough(
        self, account: str, limited: str, actions: tuple[str, ...], usual: dict[str, int], *, with_text: bool
    ) -> str:
        limits = {**usual, **self._settings.account(account).get("limits", {}).get(limited, {})}
        now = self._core.clock.now()
        for window, most in limits.items():
            if self._ledger.count(account, actions, since=now - WINDOWS[window], with_text=with_text) >= int(most):
                return window
        return ""
