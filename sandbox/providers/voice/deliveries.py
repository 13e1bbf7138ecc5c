"""Callbacks to LAD: on time, late, twice, out of order, or never. The log has ``voice_callback`` for every attempt."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson

from sandbox.core import Core
from sandbox.faults import FaultKind
from sandbox.fetch import Elsewhere, Fetcher
from sandbox.providers.voice.settings import SHARES, Settings
from sandbox.schedule import Action

DELIVER: Final = "voice-callback"
AT_ONCE: Final = 0.05
LATE_SECONDS: Final = (30.0, 120.0)
SWAPPED_SECONDS: Final = (5.0, 25.0)
AGENT: Final = "sandbox-carrier"
RETRY_SECONDS: Final = 2.0
BODY_LOGGED: Final = 400
# A fault at the stage CALLBACK → how it goes.
BY_FAULT: Final = {
    FaultKind.DROP: "lost",
    FaultKind.SPLIT: "twice",
    FaultKind.SLOW: "late",
    FaultKind.ANSWER: "swapped",
}
Signer = Callable[[str, str, bytes], Mapping[str, str]]


class Deliveries:
    """Callbacks that are planned, in the schedule."""

    def __init__(self, core: Core, settings: Settings) -> None:
        self._core, self._settings = core, settings
        self._signers: dict[str, Signer] = {}
        self._attempts: dict[str, int] = {}
        self.counts: Counter[str] = Counter()
        core.schedule.handle(DELIVER, self._act)

    def sign_with(self, protocol: str, signer: Signer, *, attempts: int) -> None:
        """Say how a protocol proves who it is, by account, secret and body, and how often it tries."""
        self._signers[protocol], self._attempts[protocol] = signer, attempts

    def send(
        self,
        protocol: str,
        account: str,
        url: str,
        *,
        call: str,
        to: str,
        event: str,
        body: dict[str, Any],
        secret: str = "",
    ) -> None:
        """Plan the delivery of one callback, which brings or is signed with the secret."""
        if not url:
            self._core.log.write("voice_callback", call=call, event=event, how="nowhere", protocol=protocol)
            return
        how, seconds = self._how(protocol, account, call, to, event)
        self.counts[how] += 1
        data: dict[str, Any] = {
            "protocol": protocol,
            "account": account,
            "url": url,
            "call": call,
            "event": event,
            "how": how,
        }
        data |= {"attempt": 0, "secret": secret}
        if how == "lost":
            self._core.log.write("voice_callback", call=call, event=event, how=how, protocol=protocol)
            return
        content = orjson.dumps(body)
        for number in range(2 if how == "twice" else 1):
            after = (seconds + number) * self._core.schedule.haste
            self._core.schedule.plan(DELIVER, after=after, data=data, content=content)

    async def _act(self, action: Action) -> None:
        data, body = action.data, action.content
        headers = dict(self._signers[data["protocol"]](data["account"], data["secret"], body))
        fetcher = Fetcher(self._core.web_hosts)
        reply = b""
        try:
            fetched = await fetcher.fetch(
                "POST",
                data["url"],
                agent=AGENT,
                body=body.decode(),
                content_type=headers.pop("content-type", "application/json"),
                headers=headers,
            )
            status, reply = str(fetched.status), fetched.body
        except (Elsewhere, OSError, TimeoutError, asyncio.IncompleteReadError) as error:
            status = f"failed: {type(error).__name__}"
        self._core.log.write(
            "voice_callback",
            **{name: data[name] for name in ("call", "event", "how", "protocol", "attempt")},
            status=status,
            reply=reply[:BODY_LOGGED].decode(errors="replace") or None,
        )
        if not status.startswith("2") and data["attempt"] + 1 < self._attempts[data["protocol"]]:
            again = {**data, "attempt": data["attempt"] + 1}
            after = RETRY_SECONDS * 2 ** data["attempt"] * self._core.schedule.haste
            self._core.schedule.plan(DELIVER, after=after, data=again, content=body)

    def _how(self, protocol: str, account: str, call: str, to: str, event: str) -> tuple[str, float]:
        """Return how a callback goes, and after how many seconds."""
        chance = self._core.chance("voice-callback", call, event)
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
