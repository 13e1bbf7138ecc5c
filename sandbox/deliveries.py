"""Callbacks to LAD: on time, late, twice, out of order, or never. The log has a line for every attempt."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

import orjson

from sandbox.core import Core
from sandbox.faults import FaultKind
from sandbox.fetch import Elsewhere, Fetcher
from sandbox.http import Problem
from sandbox.schedule import Action

SHARES: Final = ("lost", "twice", "late", "swapped")
AT_ONCE: Final = 0.05
LATE_SECONDS: Final = (30.0, 120.0)
SWAPPED_SECONDS: Final = (5.0, 25.0)
RETRY_SECONDS: Final = 2.0
BODY_LOGGED: Final = 400
# A fault at the stage CALLBACK → how it goes.
BY_FAULT: Final = {
    FaultKind.DROP: "lost",
    FaultKind.SPLIT: "twice",
    FaultKind.SLOW: "late",
    FaultKind.ANSWER: "swapped",
}


class Settings(Protocol):
    """What tests and benchmarks told: the pace, and how many callbacks in a hundred do not arrive as they should."""

    @property
    def pace(self) -> float: ...

    @property
    def shares(self) -> Mapping[str, float]: ...


@dataclass(frozen=True)
class Callback:
    """One attempt, for whoever signs it."""

    account: str
    secret: str
    url: str
    body: bytes


Signer = Callable[[Callback], Mapping[str, str]]


def checked_shares(shares: Mapping[str, Any]) -> dict[str, float]:
    """Return shares in a hundred. Raises Problem."""
    if unknown := set(shares) - set(SHARES):
        raise Problem(400, f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(SHARES)}")
    return {name: float(share) for name, share in shares.items()}


class Deliveries:
    """Callbacks that are planned, in the schedule. ``subject`` is what the log calls the thing they are about."""

    def __init__(self, core: Core, settings: Settings, *, name: str, subject: str, agent: str, logs: str) -> None:
        self._core, self._settings = core, settings
        self._kind, self._subject, self._agent, self._logs = f"{name}-callback", subject, agent, logs
        self._signers: dict[str, Signer] = {}
        self._attempts: dict[str, int] = {}
        self.counts: Counter[str] = Counter()
        core.schedule.handle(self._kind, self._act)

    def sign_with(self, protocol: str, signer: Signer, *, attempts: int) -> None:
        """Say how a protocol proves who it is, and how often it tries."""
        self._signers[protocol], self._attempts[protocol] = signer, attempts

    def send(
        self,
        protocol: str,
        account: str,
        url: str,
        *,
        about: str,
        to: str,
        event: str,
        body: dict[str, Any] | bytes,
        secret: str = "",
        after: float = 0.0,
    ) -> None:
        """Plan one callback, which brings or is signed with the secret, in so many real seconds of the provider's."""
        told = {self._subject: about, "event": event, "protocol": protocol}
        if not url:
            self._log(told, how="nowhere")
            return
        how, seconds = self._how(protocol, account, about, to, event)
        self.counts[how] += 1
        if how == "lost":
            self._log(told, how=how)
            return
        data = {**told, "account": account, "url": url, "how": how, "attempt": 0, "secret": secret}
        content = body if isinstance(body, bytes) else orjson.dumps(body)
        for number in range(2 if how == "twice" else 1):
            self._plan(after + seconds + number, data, content)

    async def _act(self, action: Action) -> None:
        data, body = action.data, action.content
        callback = Callback(data["account"], data["secret"], data["url"], body)
        headers = dict(self._signers[data["protocol"]](callback))
        fetcher = Fetcher(self._core.web_hosts)
        reply = b""
        try:
            fetched = await fetcher.fetch(
                "POST",
                data["url"],
                agent=self._agent,
                body=body.decode(),
                content_type=headers.pop("content-type", "application/json"),
                headers=headers,
            )
            status, reply = str(fetched.status), fetched.body
        except (Elsewhere, OSError, TimeoutError, asyncio.IncompleteReadError) as error:
            status = f"failed: {type(error).__name__}"
        told = {name: data[name] for name in (self._subject, "event", "protocol")}
        text = reply[:BODY_LOGGED].decode(errors="replace") or None
        self._log(told, how=data["how"], attempt=data["attempt"], status=status, reply=text)
        if not status.startswith("2") and data["attempt"] + 1 < self._attempts[data["protocol"]]:
            again = {**data, "attempt": data["attempt"] + 1}
            self._plan(RETRY_SECONDS * 2 ** data["attempt"], again, body)

    def _plan(self, seconds: float, data: dict[str, Any], content: bytes) -> None:
        # Networks do not hurry with people.
        after = seconds * self._core.schedule.haste
        self._core.schedule.plan(self._kind, after=after, data=data, content=content)

    def _log(self, told: Mapping[str, object], **facts: object) -> None:
        self._core.log.write(self._logs, **told, **facts)

    def _how(self, protocol: str, account: str, about: str, to: str, event: str) -> tuple[str, float]:
        """Return how a callback goes, and after how many seconds."""
        chance = self._core.chance(self._kind, about, event)
        fault = self._core.faults.strike(protocol, "CALLBACK", account=account, recipient=to)
        if fault is not None:
            how, seconds = BY_FAULT.get(fault.kind, "once"), fault.seconds
        else:
            how, seconds = self._drawn(chance.uniform(0, 100)), 0.0
        usual = {"late": chance.uniform(*LATE_SECONDS), "swapped": chance.uniform(*SWAPPED_SECONDS)}
        return how, seconds or usual.get(how, AT_ONCE) / self._settings.pace

    def _drawn(self, drawn: float) -> str:
        shares = self._settings.shares
        for how in SHARES:
            if drawn < shares.get(how, 0):
                return how
            drawn -= shares.get(how, 0)
        return "once"
