"""Tell LAD what happens on a call, signed as LiveKit's webhooks are: by the account's key, over exactly this body."""

import asyncio
import base64
import hashlib
import json
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import jwt

LIFETIME_SECONDS: Final = 300
# Seconds before each further attempt. LAD takes a report in once, however often it comes.
REPORT_DELAYS: Final = (1, 2, 5, 15, 30, 60)
# The person waits on the line meanwhile.
TOOL_DELAYS: Final = (0.5,)
CONTENT_TYPE: Final = "application/webhook+json"
SUCCESS: Final = range(200, 300)
# LAD will not think otherwise of them.
FINAL: Final = frozenset({400, 401, 403, 404, 410, 413})
NO_ANSWER: Final = "This did not work. Somebody will follow up."

# Given an address, a body and headers, returns the answer's status and body. May raise OSError or TimeoutError.
Send = Callable[[str, bytes, Mapping[str, str]], Awaitable[tuple[int, bytes]]]

log = logging.getLogger("voice_worker")


class NotTaken(Exception):
    """LAD did not take what it was told."""


def signed(body: bytes, *, key: str, secret: str, now: float) -> dict[str, str]:
    """Return the headers that prove that the body comes from who holds the key."""
    digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
    claims = {"iss": key, "nbf": int(now) - 10, "exp": int(now) + LIFETIME_SECONDS, "sha256": digest}
    return {"authorization": jwt.encode(claims, secret, "HS256"), "content-type": CONTENT_TYPE}


@dataclass(slots=True)
class Reporter:
    """Reports about one room. ``sleep`` waits between attempts."""

    room: str
    url: str
    key: str
    secret: str
    send: Send
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def report(self, *, answered_by: str, transcript: list[dict[str, Any]], usage: list[dict[str, Any]]) -> None:
        """Report what was said and used. Raises NotTaken if LAD cannot be told within about two minutes."""
        told: dict[str, Any] = {"transcript": transcript, "usage": usage}
        if answered_by:
            told["answeredBy"] = answered_by
        await self._tell("report", told, REPORT_DELAYS)

    async def tool(self, id: str, name: str, arguments: Mapping[str, Any]) -> str:
        """Ask LAD to do something, and return the sentence that the agent is answered."""
        told = {"toolCalls": [{"id": id, "name": name, "arguments": dict(arguments)}]}
        try:
            answer = json.loads(await self._tell(f"tool-{id}", told, TOOL_DELAYS) or b"{}")
            return str(answer["results"][id])
        except (NotTaken, ValueError, KeyError, TypeError):
            return NO_ANSWER

    async def ask(self, url: str, participant: Mapping[str, Any]) -> bytes:
        """Return what LAD says of a call that somebody makes. Raises NotTaken."""
        told = {"event": "participant_joined", "participant": dict(participant)}
        return await self._post(url, self._body("joined", told), TOOL_DELAYS)

    async def _tell(self, name: str, told: Mapping[str, Any], delays: tuple[float, ...]) -> bytes:
        return await self._post(self.url, self._body(name, {"event": "agent_report", **told}), delays)

    def _body(self, name: str, told: Mapping[str, Any]) -> bytes:
        # The id is the same for every delivery, also by another worker that was given the room.
        id = hashlib.sha256(f"{self.room}:{name}".encode()).hexdigest()[:24]
        message = {**told, "id": f"AR_{id}", "createdAt": str(int(time.time())), "room": {"name": self.room}}
        return json.dumps(message, ensure_ascii=False).encode()

    async def _post(self, url: str, body: bytes, delays: tuple[float, ...]) -> bytes:
        problem = ""
        for delay in (*delays, None):
            try:
                headers = signed(body, key=self.key, secret=self.secret, now=time.time())
                status, answer = await self.send(url, body, headers)
            except (OSError, TimeoutError) as error:
                problem = type(error).__name__
            else:
                if status in SUCCESS:
                    return answer
                problem = f"HTTP {status}"
                if status in FINAL:
                    break
            if delay is not None:
                await self.sleep(delay)
        log.error("LAD did not take a report about %s: %s", self.room, problem)
        raise NotTaken(problem)
