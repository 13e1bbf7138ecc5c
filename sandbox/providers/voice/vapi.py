"""Vapi's API under ``/vapi``, and its server messages. A key begins with ``sandbox``; each is an account of its own."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID, uuid5

from sandbox.answering import Answering, Refused
from sandbox.core import Core
from sandbox.deliveries import Callback, Deliveries
from sandbox.http import Request, Response
from sandbox.providers.voice.exchange import Call, Exchange, NotANumber, TooMany
from sandbox.providers.voice.plans import Ending
from sandbox.providers.voice.settings import KEY_BEGINS, Settings, number_id

PROTOCOL: Final = "vapi"
CALLS: Final = UUID("5d2e1d0e-8c0a-4f3f-9f57-0a2b6c1d7e10")
# Vapi sends a server message once.
ATTEMPTS: Final = 1
REASONS: Final = {
    Ending.PERSON_HUNG_UP: "customer-ended-call",
    Ending.AGENT_HUNG_UP: "assistant-ended-call",
    Ending.VOICEMAIL: "voicemail",
    Ending.BUSY: "customer-busy",
    Ending.DECLINED: "vonage-rejected",
    Ending.NO_ANSWER: "customer-did-not-answer",
    Ending.WRONG_NUMBER: "twilio-reported-customer-misdialed",
    Ending.TRUNK_FAILED: "call.in-progress.error-providerfault-outbound-sip-503-service-unavailable",
    Ending.CANCELLED: "manually-canceled",
    Ending.TOO_LONG: "exceeded-max-duration",
    Ending.OVER_LIMIT: "call.start.error-subscription-concurrency-limit-reached",
}
ROLES: Final = {"agent": "bot", "person": "user"}
DEFAULT_LINES: Final = 10


class Vapi:
    """The protocol."""

    def __init__(self, core: Core, exchange: Exchange, settings: Settings, deliveries: Deliveries) -> None:
        self._core, self._exchange, self._settings, self._deliveries = core, exchange, settings, deliveries
        self.answering = Answering(core, PROTOCOL, _spoken, logs="voice_request")
        exchange.listen(PROTOCOL, self._tell)
        deliveries.sign_with(PROTOCOL, self._sign, attempts=ATTEMPTS)

    def start(self) -> None:
        route = self._core.http.route
        route("POST", "/vapi/call", self._create)
        route("GET", "/vapi/call", self._list)
        route("GET", "/vapi/call/{id}", self._get)
        route("POST", "/vapi/control/{id}", self._control)
        route("GET", "/vapi/phone-number", self._numbers)

    async def _create(self, request: Request) -> Response:
        account, body = _account(request), request.json()
        number = str((body.get("customer") or {}).get("number", ""))

        async def act() -> dict[str, Any]:
            _check(account)
            return await self._place(account, body, number)

        return await self.answering.answer("create", "PLACE", act, account=account, number=number, succeeds=201)

    async def _place(self, account: str, body: dict[str, Any], number: str) -> dict[str, Any]:
        caller = str(body.get("phoneNumberId", ""))
        numbers = {number_id(each): each for each in self._settings.numbers(account)}
        if not body.get("assistantId") and not body.get("assistant"):
            raise Refused(400, "Bad Request", "Need either `assistantId` or `assistant`.")
        if caller not in numbers:
            raise Refused(400, "Bad Request", "Couldn't get phoneNumber. Need `phoneNumberId` of your organization.")
        blocked = False
        try:
            self._exchange.admit(account)
        except TooMany:
            most = self._settings.account(account).get("concurrent")
            blocked = most is not None and self._exchange.open(account) >= most
            if not blocked:
                refused = Refused(429, "Too Many Requests", "Too many requests.")
                refused.retry_after = 1
                raise refused from None
        overrides = body.get("assistantOverrides") or {}
        made = self._core.storage.row("SELECT count(*) FROM voice_calls")
        try:
            call = self._exchange.place(
                id=str(uuid5(CALLS, f"{self._core.seed}:{account}:{made[0] if made else 0}")),
                protocol=PROTOCOL,
                account=account,
                reference="",
                our_id=str(body.get("name") or ""),
                from_number=numbers[caller],
                to_number=number,
                info={"order": body, "phoneNumberId": caller},
                max_seconds=float(overrides.get("maxDurationSeconds", 1800)),
                first_message=str(overrides.get("firstMessage") or ""),
            )
        except NotANumber:
            raise Refused(400, "Bad Request", "customer.number must be a valid phone number in E.164.") from None
        if blocked:
            call = await self._exchange.over_limit(call)
        most = int(self._settings.account(account).get("concurrent", DEFAULT_LINES))
        left = max(most - self._exchange.open(account), 0)
        limits = {"concurrencyBlocked": blocked, "concurrencyLimit": most, "remainingConcurrentCalls": left}
        return {**self._object(call), "subscriptionLimits": limits}

    async def _get(self, request: Request) -> Response:
        account = _account(request)

        async def act() -> dict[str, Any]:
            _check(account)
            call = self._exchange.get(request.names["id"])
            if call is None or call.account != account:
                raise Refused(404, "Not Found", "Couldn't find call.")
            return self._object(call)

        return await self.answering.answer("get", "LOOK_UP", act, account=account)

    async def _list(self, request: Request) -> Response:
        account, query = _account(request), request.query

        async def act() -> list[dict[str, Any]]:
            _check(account)
            since, until = _moment(query.get("createdAtGe")), _moment(query.get("createdAtLe"))
            found = self._exchange.search(account=account, since=since or 0, limit=100_000)
            wanted = [
                call
                for call in found
                if (until is None or round(call.placed, 3) <= until)
                and query.get("phoneNumberId", call.info["phoneNumberId"]) == call.info["phoneNumberId"]
            ]
            return [self._object(call) for call in wanted[: int(query.get("limit", 100))]]

        return await self.answering.answer("list", "LIST", act, account=account)

    async def _control(self, request: Request) -> Response:
        call = self._exchange.get(request.names["id"])
        account = call.account if call else ""
        # The address itself is the permission. A key that is sent along shows in the log.
        self._core.log.write("voice_control", call=request.names["id"], key=_account(request) or None)

        async def act() -> dict[str, Any]:
            if call is None or call.ended is not None:
                raise Refused(404, "Not Found", "The call is over.")
            if request.json().get("type") == "end-call":
                await self._exchange.hang_up(call)
            return {}

        return await self.answering.answer("control", "HANG_UP", act, account=account)

    async def _numbers(self, request: Request) -> Response:
        account = _account(request)

        async def act() -> list[dict[str, Any]]:
            _check(account)
            numbers = self._settings.numbers(account)
            return [{"id": number_id(number), "number": number, "provider": "vapi"} for number in numbers]

        return await self.answering.answer("numbers", "LIST", act, account=account)

    def call_in(self, account: str, from_number: str, to_number: str) -> Call:
        """Let somebody call a number of the account."""
        made = self._core.storage.row("SELECT count(*) FROM voice_calls")
        return self._exchange.place(
            id=str(uuid5(CALLS, f"{self._core.seed}:{account}:{made[0] if made else 0}")),
            protocol=PROTOCOL,
            account=account,
            reference="",
            our_id="",
            from_number=from_number,
            to_number=to_number,
            info={"phoneNumberId": number_id(to_number)},
            direction="inbound",
        )

    def _object(self, call: Call) -> dict[str, Any]:
        """Return the call object, without what is not known yet."""
        order = call.info.get("order", {})
        told: dict[str, Any] = {
            "id": call.id,
            "orgId": call.account,
            "type": "inboundPhoneCall" if call.direction == "inbound" else "outboundPhoneCall",
            "name": call.our_id or None,
            "assistantId": order.get("assistantId"),
            "assistantOverrides": {"metadata": (order.get("assistantOverrides") or {}).get("metadata")},
            "phoneNumberId": call.info.get("phoneNumberId"),
            "phoneNumber": {"number": call.to_number if call.direction == "inbound" else call.from_number},
            "customer": {"number": call.from_number if call.direction == "inbound" else call.to_number},
            "status": _status(call),
            "createdAt": _iso(call.placed),
            "updatedAt": _iso(call.ended or call.answered or call.ringing or call.placed),
        }
        if call.answered is not None:
            told["startedAt"] = _iso(call.answered)
        if call.ended is None:
            told["monitor"] = {"controlUrl": f"{self._url()}/vapi/control/{call.id}"}
        else:
            told |= {"endedAt": _iso(call.ended), "endedReason": REASONS[call.ending or Ending.CANCELLED]}
            told["artifact"] = self._artifact(call)
        if call.price is not None:
            told |= {"cost": call.price["total"], "costBreakdown": _breakdown(call)}
        return told

    def _artifact(self, call: Call) -> dict[str, Any]:
        overrides = call.info.get("order", {}).get("assistantOverrides") or {}
        if call.answered is None:
            return {}
        artifact: dict[str, Any] = {"messages": [_message(turn, call.answered) for turn in call.plan.turns]}
        if (overrides.get("artifactPlan") or {}).get("recordingEnabled", True):
            link = f"{self._url()}/voice/recordings/{call.id}.wav"
            artifact |= {"recordingUrl": link, "recording": {"mono": {"combinedUrl": link}}}
        return artifact

    async def _tell(self, call: Call, step: str, more: dict[str, Any]) -> None:
        if step in ("ringing", "answered", "ended"):
            self._send(call, f"status-{step}", {"type": "status-update", "status": _status(call), **_reason(call)})
        if step == "tool":
            tool = {"id": more["id"], "name": more["name"], "parameters": more["arguments"]}
            self._send(call, more["id"], {"type": "tool-calls", "toolCallList": [tool]})
        if step == "ended":
            told = self._object(call)
            report = {name: told[name] for name in ("startedAt", "endedAt", "artifact") if name in told}
            self._send(call, "report", {"type": "end-of-call-report", **_reason(call), **report})

    def _send(self, call: Call, event: str, message: dict[str, Any]) -> None:
        overrides = call.info.get("order", {}).get("assistantOverrides") or {}
        server, account = overrides.get("server") or {}, self._settings.account(call.account)
        url = server.get("url") or account.get("webhook", "")
        whole = {**message, "timestamp": int(self._core.clock.now() * 1000), "call": self._object(call)}
        to = call.to_number if call.direction == "outbound" else call.from_number
        secret = str(server.get("secret") or account.get("webhook_secret", ""))
        self._deliveries.send(
            PROTOCOL, call.account, url, about=call.id, to=to, event=event, body={"message": whole}, secret=secret
        )

    def _sign(self, callback: Callback) -> Mapping[str, str]:
        return {"x-vapi-secret": callback.secret}

    def _url(self) -> str:
        return f"http://127.0.0.1:{self._core.ports.numbers['http']}"


def _account(request: Request) -> str:
    return request.headers.get("authorization", "").removeprefix("Bearer ")


def _check(account: str) -> None:
    if not account.startswith(KEY_BEGINS):
        raise Refused(401, "Unauthorized", "Invalid Key. Hot tip, you may be using the private key in place of public.")


def _spoken(refused: Refused) -> dict[str, Any]:
    return {"message": str(refused), "error": refused.code, "statusCode": refused.status}


def _status(call: Call) -> str:
    if call.ended is not None:
        return "ended"
    if call.answered is not None:
        return "in-progress"
    return "ringing" if call.ringing is not None else "queued"


def _reason(call: Call) -> dict[str, str]:
    return {"endedReason": REASONS[call.ending]} if call.ending else {}


def _breakdown(call: Call) -> dict[str, Any]:
    said = sum(len(turn.text) for turn in call.plan.turns if turn.role == "agent")
    heard = sum(len(turn.text) for turn in call.plan.turns if turn.role == "person")
    tokens = {"llmPromptTokens": 900 + heard // 4, "llmCompletionTokens": said // 4, "ttsCharacters": said}
    return {**(call.price or {}), **tokens}


def _message(turn: Any, answered: float) -> dict[str, Any]:
    return {
        "role": ROLES[turn.role],
        "message": turn.text,
        "time": int((answered + turn.start) * 1000),
        "endTime": int((answered + turn.end) * 1000),
        "secondsFromStart": turn.start,
        "duration": round((turn.end - turn.start) * 1000),
    }


def _iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _moment(text: str | None) -> float | None:
    return datetime.fromisoformat(text).timestamp() if text else None
