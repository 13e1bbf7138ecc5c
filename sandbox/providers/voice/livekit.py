"""LiveKit's services under ``/livekit/twirp``, and its webhooks.

A key begins with ``sandbox`` and has the secret ``settings.secret_of(key)``. Webhooks go to the address that was set
for the key, or else to where the agent of the room reports. The sandbox plays the agent worker too: it reports
transcript, usage, who answered and what it asks for as ``voice/carriers/livekit/callbacks.py`` says.
"""

import base64
import hashlib
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import jwt

from sandbox.answering import Answering, Refused
from sandbox.core import Core
from sandbox.deliveries import Callback, Deliveries
from sandbox.http import Request, Response
from sandbox.providers.voice.exchange import Call, Exchange, NotANumber, TooMany
from sandbox.providers.voice.livekit_messages import egress_info, participant, usage_of
from sandbox.providers.voice.rooms import Room, Rooms
from sandbox.providers.voice.settings import KEY_BEGINS, TRUNK, Settings, secret_of

PROTOCOL: Final = "livekit"
ATTEMPTS: Final = 4
Method = Callable[[str, dict[str, Any]], Awaitable[dict[str, Any]]]


class LiveKit:
    """The protocol."""

    def __init__(self, core: Core, exchange: Exchange, settings: Settings, deliveries: Deliveries) -> None:
        self._core, self._exchange, self._settings, self._deliveries = core, exchange, settings, deliveries
        self.answering = Answering(core, PROTOCOL, _spoken, logs="voice_request")
        self._rooms = Rooms(core, exchange, on_finished=self._room_finished)
        exchange.listen(PROTOCOL, self._tell)
        deliveries.sign_with(PROTOCOL, self._sign, attempts=ATTEMPTS)

    def start(self) -> None:
        methods: tuple[tuple[str, str, str, Method], ...] = (
            ("RoomService", "CreateRoom", "ROOM", self._create_room),
            ("RoomService", "ListRooms", "LOOK_UP", self._list_rooms),
            ("RoomService", "DeleteRoom", "HANG_UP", self._delete_room),
            ("RoomService", "ListParticipants", "LOOK_UP", self._list_participants),
            ("RoomService", "RemoveParticipant", "HANG_UP", self._remove_participant),
            ("SIP", "CreateSIPParticipant", "PLACE", self._create_participant),
            ("SIP", "ListSIPOutboundTrunk", "LIST", self._list_trunks),
            ("AgentDispatchService", "CreateDispatch", "ROOM", self._create_dispatch),
            ("Egress", "StartRoomCompositeEgress", "RECORDING", self._start_egress),
            ("Egress", "ListEgress", "LOOK_UP", self._list_egress),
        )
        for service, name, stage, method in methods:
            self._serve(service, name, stage, method)

    def _serve(self, service: str, name: str, stage: str, method: Method) -> None:
        async def answer(request: Request) -> Response:
            body = request.json()
            account, refused = _account(request)

            async def act() -> dict[str, Any]:
                if refused is not None:
                    raise refused
                return await method(account, body)

            number = str(body.get("sip_call_to", ""))
            return await self.answering.answer(name, stage, act, account=account, number=number)

        self._core.http.route("POST", f"/livekit/twirp/livekit.{service}/{name}", answer)

    async def _create_room(self, account: str, body: dict[str, Any]) -> dict[str, Any]:
        room, is_new = self._rooms.create(account, body)
        if is_new:
            self._webhook(room, "room_started", {})
        return room.as_json()

    async def _list_rooms(self, account: str, body: dict[str, Any]) -> dict[str, Any]:
        names = body.get("names") or []
        return {"rooms": [room.as_json() for room in self._rooms.all(account) if not names or room.name in names]}

    async def _delete_room(self, account: str, body: dict[str, Any]) -> dict[str, Any]:
        room = self._room(account, body.get("room"))
        call = self._exchange.by_reference(account, room.name)
        if call is not None and call.ended is None:
            await self._exchange.hang_up(call)
        await self._rooms.finish(room)
        return {}

    async def _list_participants(self, account: str, body: dict[str, Any]) -> dict[str, Any]:
        room = self._room(account, body.get("room"))
        call = self._exchange.by_reference(account, room.name)
        return {"participants": [participant(call)] if call is not None and call.ended is None else []}

    async def _remove_participant(self, account: str, body: dict[str, Any]) -> dict[str, Any]:
        call = self._exchange.by_reference(account, str(body.get("room")))
        if call is None or call.ended is not None or call.info["identity"] != body.get("identity"):
            raise Refused(404, "not_found", "participant does not exist")
        await self._exchange.hang_up(call)
        return {}

    async def _create_participant(self, account: str, body: dict[str, Any]) -> dict[str, Any]:
        if body.get("sip_trunk_id") != TRUNK:
            raise Refused(404, "not_found", "object cannot be found")
        try:
            self._exchange.admit(account)
        except TooMany:
            refused = Refused(429, "resource_exhausted", "concurrent sip calls exceeded")
            refused.retry_after = 1
            raise refused from None
        room, _is_new = self._rooms.create(account, {"name": body["room_name"]})
        identity = str(body.get("participant_identity") or body["sip_call_to"])
        made = self._core.storage.row("SELECT count(*) FROM voice_calls")
        digest = hashlib.sha256(f"{self._core.seed}:{account}:{made[0] if made else 0}".encode()).hexdigest()
        try:
            call = self._exchange.place(
                id=f"SCL_{digest[:12]}",
                protocol=PROTOCOL,
                account=account,
                reference=room.name,
                our_id=str((body.get("participant_attributes") or {}).get("lad.call") or ""),
                from_number=str(body.get("sip_number") or self._settings.numbers(account)[0]),
                to_number=str(body["sip_call_to"]),
                info={"identity": identity, "trunk": TRUNK},
                ringing_seconds=_seconds(body.get("ringing_timeout"), 45),
                max_seconds=_seconds(body.get("max_call_duration"), 1800),
                first_message=str(room.agent.get("first_message") or ""),
            )
        except NotANumber:
            raise Refused(400, "invalid_argument", "sip_call_to must be a phone number") from None
        self._webhook(room, "participant_joined", {"participant": participant(call)}, call)
        return {
            "participant_id": f"PA_{call.id[4:]}",
            "participant_identity": identity,
            "room_name": room.name,
            "sip_call_id": call.id,
        }

    async def _list_trunks(self, account: str, body: dict[str, Any]) -> dict[str, Any]:
        return {"items": [{"sip_trunk_id": TRUNK, "name": "Sandbox", "numbers": self._settings.numbers(account)}]}

    async def _create_dispatch(self, account: str, body: dict[str, Any]) -> dict[str, Any]:
        room, _is_new = self._rooms.create(account, {"name": body["room"]})
        agent = {"agent_name": body.get("agent_name", ""), "metadata": body.get("metadata", "")}
        self._rooms.keep(room, agents=[agent])
        return {"id": f"AD_{room.sid[3:]}", "room": room.name, **agent}

    async def _start_egress(self, account: str, body: dict[str, Any]) -> dict[str, Any]:
        room = self._room(account, body.get("room_name"))
        self._rooms.keep(room, records=True)
        return egress_info(room, self._exchange.by_reference(account, room.name), self._url())

    async def _list_egress(self, account: str, body: dict[str, Any]) -> dict[str, Any]:
        rooms = self._rooms.all(account, gone=True)
        wanted = [room for room in rooms if room.name == body.get("room_name", room.name) and room.records]
        calls = ((room, self._exchange.by_reference(account, room.name)) for room in wanted)
        return {"items": [egress_info(room, call, self._url()) for room, call in calls]}

    def call_in(self, account: str, from_number: str, to_number: str) -> Call:
        """Let somebody call a number of the account. A room of its own is made, as a dispatch rule does."""
        made = self._core.storage.row("SELECT count(*) FROM voice_calls")
        digest = hashlib.sha256(f"{self._core.seed}:{account}:{made[0] if made else 0}".encode()).hexdigest()
        room, _is_new = self._rooms.create(account, {"name": f"inbound-{from_number}-{digest[:8]}"})
        self._webhook(room, "room_started", {})
        return self._exchange.place(
            id=f"SCL_{digest[:12]}",
            protocol=PROTOCOL,
            account=account,
            reference=room.name,
            our_id="",
            from_number=from_number,
            to_number=to_number,
            info={"identity": f"sip_{from_number}", "trunk": TRUNK},
            direction="inbound",
        )

    def _room(self, account: str, name: object) -> Room:
        room = self._rooms.find(account, str(name))
        if room is None:
            raise Refused(404, "not_found", "requested room does not exist")
        return room

    async def _tell(self, call: Call, step: str, more: dict[str, Any]) -> None:
        room = self._rooms.find(call.account, call.reference)
        if room is None:
            return
        if step == "ringing" and call.direction == "inbound":
            self._webhook(room, "participant_joined", {"participant": participant(call)}, call)
        elif step == "answered":
            track = {"sid": f"TR_{call.id[4:]}", "type": "AUDIO", "source": "MICROPHONE"}
            self._webhook(room, "track_published", {"participant": participant(call), "track": track}, call)
        elif step == "tool":
            self._report(room, call, more["id"], {"toolCalls": [more]})
        elif step == "ended":
            self._webhook(room, "participant_left", {"participant": participant(call)}, call)
            self._over(room, call)

    def _over(self, room: Room, call: Call) -> None:
        if call.answered is not None:
            turns = [vars(turn) for turn in call.plan.turns]
            told = {"answeredBy": call.plan.answered_by, "transcript": turns, "usage": usage_of(call)}
            self._report(room, call, "report", told)
            if room.records:
                self._webhook(room, "egress_ended", {"egressInfo": egress_info(room, call, self._url())}, call)
        self._rooms.left(room)

    async def _room_finished(self, room: Room) -> None:
        self._webhook(room, "room_finished", {})

    def _webhook(self, room: Room, event: str, more: dict[str, Any], call: Call | None = None) -> None:
        url = self._settings.account(room.account).get("webhook") or room.agent.get("report_url", "")
        self._send(room, str(url), event, event, more, call)

    def _report(self, room: Room, call: Call, name: str, more: dict[str, Any]) -> None:
        self._send(room, str(room.agent.get("report_url", "")), "agent_report", name, more, call)

    def _send(self, room: Room, url: str, event: str, name: str, more: dict[str, Any], call: Call | None) -> None:
        id = hashlib.sha256(f"{room.account}:{room.sid}:{name}".encode()).hexdigest()[:20]
        body = {"event": event, "id": f"EV_{id}", "createdAt": str(int(self._core.clock.now())), **more}
        body["room"] = {"sid": room.sid, "name": room.name, "creationTime": str(int(room.created))}
        to = "" if call is None else call.to_number if call.direction == "outbound" else call.from_number
        self._deliveries.send(
            PROTOCOL, room.account, url, about=call.id if call else room.name, to=to, event=name, body=body
        )

    def _sign(self, callback: Callback) -> Mapping[str, str]:
        now = int(time.time())
        digest = base64.b64encode(hashlib.sha256(callback.body).digest()).decode()
        claims = {"iss": callback.account, "nbf": now, "exp": now + 300, "sha256": digest}
        token = jwt.encode(claims, secret_of(callback.account), "HS256")
        return {"Authorization": token, "content-type": "application/webhook+json"}

    def _url(self) -> str:
        return f"http://127.0.0.1:{self._core.ports.numbers['http']}"


def _account(request: Request) -> tuple[str, Refused | None]:
    """Return whose request it is, and why it is refused, if it is."""
    token = request.headers.get("authorization", "").removeprefix("Bearer ")
    try:
        account = str(jwt.decode(token, options={"verify_signature": False}).get("iss", ""))
        if not account.startswith(KEY_BEGINS):
            raise jwt.InvalidIssuerError
        claims = jwt.decode(token, secret_of(account), ["HS256"], leeway=60, options={"verify_aud": False})
    except jwt.PyJWTError:
        return "", Refused(401, "unauthenticated", "invalid token")
    method = request.path.rsplit("/", 1)[-1]
    if not _may(method, claims):
        return account, Refused(401, "permission_denied", f"permissions denied: {method}")
    return account, None


def _may(method: str, claims: Mapping[str, Any]) -> bool:
    video, sip = claims.get("video") or {}, claims.get("sip") or {}
    needed = {
        "CreateRoom": video.get("roomCreate"),
        "DeleteRoom": video.get("roomCreate"),
        "ListRooms": video.get("roomList"),
        "CreateSIPParticipant": sip.get("call"),
        "ListSIPOutboundTrunk": sip.get("admin"),
        "StartRoomCompositeEgress": video.get("roomRecord"),
        "ListEgress": video.get("roomRecord"),
    }
    return bool(needed.get(method, video.get("roomAdmin")))


def _spoken(refused: Refused) -> dict[str, Any]:
    # "sip:486" in a fault stands for a call that was dialled and ended at once.
    if str(refused).startswith("sip:"):
        code = str(refused)[4:]
        return {"code": "unavailable", "msg": "sip status", "meta": {"sip_status_code": code, "sip_status": code}}
    return {"code": refused.code, "msg": str(refused), **({"meta": refused.meta} if refused.meta else {})}


def _seconds(value: Any, default: float) -> float:
    return float(str(value).rstrip("s")) if value else default
