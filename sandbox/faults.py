"""Faults that tests and benchmarks ask for: slow servers, dropped connections, refusals."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any


class FaultKind(StrEnum):
    # Wait before the answer.
    SLOW = "slow"
    # Close the connection in place of the answer. ``accepted`` says whether a message was taken before.
    DROP = "drop"
    # Answer with ``code`` and ``text``. A 421 closes the connection.
    ANSWER = "answer"
    # Refuse the first attempt for each sender and recipient until ``seconds`` of simulated time have passed.
    GREYLIST = "greylist"
    # Send a line in two segments, ``seconds`` apart.
    SPLIT = "split"


@dataclass
class Fault:
    """One fault and when it strikes. Empty conditions match everything."""

    id: int
    kind: FaultKind
    protocol: str = "smtp"
    # A command such as MAIL, RCPT or FETCH, or a place such as CONNECT, FINAL or AFTER-FINAL.
    stage: str = ""
    account: str = ""
    recipient: str = ""
    # How often it strikes; None is always. ``skip`` lets so many pass first; ``every`` strikes each n-th time.
    times: int | None = 1
    skip: int = 0
    every: int = 1
    code: int = 0
    text: str = ""
    seconds: float = 0.0
    accepted: bool = True

    def matches(self, protocol: str, stage: str, account: str, recipient: str) -> bool:
        return (
            self.protocol == protocol
            and self.stage in ("", stage)
            and self.account in ("", account)
            and self.recipient in ("", recipient)
        )


class Faults:
    """The faults that are still to strike, in the order they were asked for."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._last_id = 0

    def __bool__(self) -> bool:
        return bool(self._faults)

    def __iter__(self) -> Iterator[Fault]:
        return iter(self._faults)

    def add(self, values: dict[str, Any]) -> Fault:
        """Add a fault. Raise ValueError or TypeError for values that it does not have."""
        known = {field.name for field in fields(Fault)} - {"id"}
        if unknown := set(values) - known:
            raise ValueError(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(sorted(known))}")
        self._last_id += 1
        fault = Fault(**{**values, "id": self._last_id, "kind": FaultKind(values["kind"])})
        if fault.every < 1:
            raise ValueError("every must be at least 1")
        fault.stage = fault.stage.upper()
        self._faults.append(fault)
        return fault

    def strike(self, protocol: str, stage: str, *, account: str = "", recipient: str = "") -> Fault | None:
        """Return the fault that strikes here and count it, or None."""
        for fault in self._faults:
            if not fault.matches(protocol, stage, account, recipient):
                continue
            if fault.skip > 0:
                fault.skip -= 1
                continue
            fault.skip = fault.every - 1
            if fault.times is not None:
                fault.times -= 1
                if fault.times <= 0:
                    self._faults.remove(fault)
            return fault
        return None

    def remove(self, id: int) -> bool:
        before = len(self._faults)
        self._faults = [fault for fault in self._faults if fault.id != id]
        return len(self._faults) < before

    def clear(self) -> None:
        self._faults.clear()

    def as_json(self) -> list[dict[str, Any]]:
        return [asdict(fault) for fault in self._faults]
