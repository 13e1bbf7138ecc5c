"""SMS as Twilio documents it, under ``/twilio/2010-04-01``. The auth token of an account SID begins with ``sandbox``.

Numbers are ``messages.NUMBERS``, or those of POST /networks/accounts/{account_sid} {numbers, webhook, webhook_secret}:
``webhook`` is where messages of people go, signed with the token that LAD last used, or the secret. POST /twilio/write
{account, to, person, text} lets somebody write to a number or messaging service; STOP and START do what they do.
Limits of POST /networks/accounts/{number or messaging service} {limits, per_minute} are answered with 20429.

Faults (protocol ``twilio``) strike at the stages SEND, LOOK_UP and LIST, and CALLBACK.
"""

from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from sandbox.answering import Answer, Answering
from sandbox.core import Core
from sandbox.http import Problem, Request, Response, reply
from sandbox.networks.ledger import Ledger
from sandbox.networks.people import People, canonical
from sandbox.networks.settings import KEY_BEGINS, Settings
from sandbox.providers import register
from sandbox.providers.twilio.errors import refused, spoken
from sandbox.providers.twilio.messages import PROTOCOL, Messages

ROOT: Final = "/twilio/2010-04-01/Accounts"
Handle = Callable[[str, Request], Any]


@register
class Twilio:
    """The provider."""

    name = "twilio"

    def __init__(self, core: Core) -> None:
        self._core = core
        self._people, self._ledger, self._settings = People(core), Ledger(core), Settings(core)
        self._messages = Messages(core, self._people, self._ledger, self._settings)
        self._answering = Answering(core, PROTOCOL, spoken, logs="network_request")

    async def start(self) -> None:
        routes: tuple[tuple[str, str, str, Handle], ...] = (
            ("POST", "/{account}/Messages.json", "SEND", self._send),
            ("GET", "/{account}/Messages.json", "LIST", self._list),
            ("GET", "/{account}/Messages/{sid}", "LOOK_UP", self._show),
            ("GET", "/{account}/IncomingPhoneNumbers.json", "LIST", self._list_numbers),
            ("POST", "/{account}/IncomingPhoneNumbers/{sid}", "LOOK_UP", self._change_number),
            ("GET", "/{account}/Balance.json", "LOOK_UP", self._balance),
            ("GET", "/{account}", "LOOK_UP", self._show_account),
        )
        for method, path, stage, handle in routes:
            self._serve(method, path, stage, handle)
        for method in ("GET", "POST"):
            self._core.http.route(method, "/twilio/v1/Services/{sid}", self._service)
        self._core.http.route("POST", "/twilio/write", self._write)

    def reset(self) -> None:
        self._messages.limits.reset()
        self._messages.deliveries.counts.clear()
        self._answering.counts.clear()

    def stats(self) -> dict[str, object]:
        """Count what reached people, callbacks by how they went, and requests by status."""
        return {
            **self._ledger.stats(PROTOCOL),
            "callbacks": dict(self._messages.deliveries.counts),
            "requests": dict(self._answering.counts),
        }

    def _serve(self, method: str, path: str, stage: str, handle: Handle) -> None:
        async def answer(request: Request) -> Response:
            account = request.names["account"].removesuffix(".json")

            async def act() -> Any:
                user, token = _signed_in_as(request)
                if user != account or not token.startswith(KEY_BEGINS):
                    raise refused("20003")
                self._messages.remember(account, token)
                return handle(account, request)

            form = request.form() if method == "POST" else {}
            sender = form.get("MessagingServiceSid") or canonical(form.get("From", "")) or account
            to = canonical(form.get("To", ""))
            return await self._answering.answer(f"{method} {path}", stage, act, account=sender, number=to)

        self._core.http.route(method, ROOT + path, answer)

    def _send(self, account: str, request: Request) -> Any:
        return Answer(self._messages.send(account, request.form()).as_json(), 201)

    def _list(self, account: str, request: Request) -> Any:
        query, conditions, values = request.query, ["account_sid = ?"], [account]
        for name, column in (("To", "to_number"), ("From", "from_number")):
            if query.get(name):
                conditions.append(f"{column} = ?")
                values.append(canonical(query[name]))
        since, until = _dates(query)
        found = self._messages.search(
            f"{' AND '.join(conditions)} AND created >= ? AND created < ?", *values, since, until
        )
        size, number = min(int(query.get("PageSize", 50)), 1000), int(query.get("Page", 0))
        shown = found[number * size : (number + 1) * size]
        base = f"/2010-04-01/Accounts/{account}/Messages.json?"
        more = urlencode({**query, "PageSize": size, "Page": number + 1})
        return {
            "messages": [each.as_json() for each in shown],
            "page": number,
            "page_size": size,
            "start": number * size,
            "end": number * size + len(shown) - 1 if shown else 0,
            "first_page_uri": base + urlencode({**query, "PageSize": size, "Page": 0}),
            "next_page_uri": base + more if (number + 1) * size < len(found) else None,
            "previous_page_uri": None,
            "uri": base + urlencode({**query, "PageSize": size, "Page": number}),
        }

    def _show(self, account: str, request: Request) -> Any:
        message = self._messages.find(request.names["sid"].removesuffix(".json"))
        if message is None or message.account_sid != account:
            raise refused("20404")
        return message.as_json()

    def _list_numbers(self, account: str, request: Request) -> Any:
        asked = request.query.get("PhoneNumber")
        numbers = [each for each in self._messages.numbers(account) if not asked or canonical(asked) == each]
        shown = [self._number(account, each) for each in numbers]
        return {"incoming_phone_numbers": shown, "page": 0, "page_size": 50, "next_page_uri": None}

    def _change_number(self, account: str, request: Request) -> Any:
        """Set where messages to a number are reported."""
        sid = request.names["sid"].removesuffix(".json")
        number = next((each for each in self._messages.numbers(account) if _sid_of(each) == sid), None)
        if number is None:
            raise refused("20404")
        if (address := request.form().get("SmsUrl")) is not None:
            self._settings.set_account(number, {"webhook": address})
        return self._number(account, number)

    def _number(self, account: str, number: str) -> dict[str, Any]:
        told = {**self._settings.account(account), **self._settings.account(number)}
        return {
            "sid": _sid_of(number),
            "account_sid": account,
            "phone_number": number,
            "friendly_name": number,
            "sms_url": told.get("webhook", ""),
            "sms_method": "POST",
            "capabilities": {"sms": True, "mms": False, "voice": True},
        }

    async def _service(self, request: Request) -> Response:
        """Show a messaging service, or set where messages to it are reported."""
        sid = request.names["sid"]
        stage, name = "LOOK_UP", f"{request.method} /Services/{{sid}}"

        async def act() -> Any:
            account, token = _signed_in_as(request)
            if not token.startswith(KEY_BEGINS):
                raise refused("20003")
            if not sid.startswith("MG"):
                raise refused("20404")
            self._messages.remember(account, token)
            form = request.form() if request.method == "POST" else {}
            if "InboundRequestUrl" in form:
                self._settings.set_account(sid, {"webhook": form["InboundRequestUrl"]})
            address = self._settings.account(sid).get("webhook")
            return {"sid": sid, "account_sid": account, "friendly_name": "Sandbox", "inbound_request_url": address}

        return await self._answering.answer(name, stage, act, account=sid)

    def _balance(self, account: str, request: Request) -> Any:
        return {"account_sid": account, "balance": "100.00", "currency": "USD"}

    def _show_account(self, account: str, request: Request) -> Any:
        return {"sid": account, "friendly_name": "Sandbox", "status": "active", "type": "Full"}

    async def _write(self, request: Request) -> Response:
        values = request.json()
        person = self._people.person(str(values["person"]))
        to = str(values["to"])
        account = to if to.startswith("MG") else canonical(to)
        if not account.startswith(("+", "MG")):
            raise Problem(400, "to must be a number or a messaging service.")
        return reply(self._messages.write(str(values["account"]), account, person, str(values["text"])).as_json(), 201)


def _sid_of(number: str) -> str:
    return f"PN{number.lstrip('+'):0>32}"


def _signed_in_as(request: Request) -> tuple[str, str]:
    kind, _, coded = request.headers.get("authorization", "").partition(" ")
    try:
        user, _, token = b64decode(coded).decode().partition(":")
    except (NotBase64, UnicodeDecodeError):
        return "", ""
    return (user, token) if kind.lower() == "basic" else ("", "")


def _dates(query: Any) -> tuple[float, float]:
    """Return the times between which messages were sent: ``DateSent``, ``DateSent>`` and ``DateSent<``."""
    since, until = 0.0, 9e12
    for name, value in query.items():
        if not name.startswith("DateSent") or not value:
            continue
        is_day = len(value) == 10
        at = datetime.fromisoformat(value)
        start = (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
        end = start + (timedelta(days=1).total_seconds() if is_day else 0)
        if name.startswith("DateSent>"):
            since = start
        elif name.startswith("DateSent<"):
            until = end
        else:
            day = date.fromisoformat(value[:10])
            since = datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()
            until = since + 86_400
    return since, until
