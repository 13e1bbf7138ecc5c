"""The words of a call with their times, in seconds from the answer."""

from dataclasses import dataclass, field
from typing import Any, Final

ROLES: Final = {"assistant": "agent", "user": "person"}
MAX_TURNS: Final = 10_000
MAX_TEXT: Final = 20_000


@dataclass(slots=True)
class Transcript:
    """Collects what is said. Times given to it are in seconds since the epoch; ``begun`` is when the call began."""

    begun: float
    turns: list[dict[str, Any]] = field(default_factory=list)

    def add(self, role: str, text: str, *, start: float | None = None, end: float | None = None) -> None:
        """Add what was said, by LiveKit's name of who said it. Nothing is added for silence."""
        text = " ".join(text.split())[:MAX_TEXT]
        if not text or role not in ROLES or len(self.turns) >= MAX_TURNS:
            return
        turn: dict[str, Any] = {"role": ROLES[role], "text": text}
        turn |= {name: at for name, at in (("start", self._since(start)), ("end", self._since(end))) if at is not None}
        if "start" in turn and "end" in turn:
            turn["end"] = max(turn["start"], turn["end"])
        self.turns.append(turn)

    def add_tool(self, name: str, result: str, *, at: float) -> None:
        """Add what the agent did."""
        if len(self.turns) < MAX_TURNS:
            self.turns.append({"role": "tool", "text": f"{name}: {result}"[:MAX_TEXT], "start": self._since(at)})

    def _since(self, at: float | None) -> float | None:
        return None if at is None else round(max(at - self.begun, 0.0), 2)
