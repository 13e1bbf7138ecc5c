"""WhatsApp's Cloud API under ``/whatsapp/v23.0``. A token (Bearer) begins with ``sandbox``.

There is one number from the beginning (``numbers.USUAL``); POST /whatsapp/numbers {phone_number_id, business_id,
number, name} adds others. POST /networks/accounts/{phone_number_id} {webhook, webhook_secret} says where its reports
go; POST /whatsapp/webhook {account, url, verify_token, app_secret} asks the address for the challenge first, as Meta
does. POST /whatsapp/write {account, person, text} lets somebody write. Who is outside the window of 24 hours, has
blocked the number or is not on WhatsApp is reported as failed, or refused at once with {errors: "sync"} of the account.

Faults (protocol ``whatsapp_cloud``) strike at the stages SEND, LOOK_UP, LIST and TEMPLATE, and CALLBACK.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from inspect import isawaitable
from typing import Any, Final
from urllib.parse import urlencode

from sandbox.answering import Answering
from sandbox.core import Core
from sandbox.fetch import Elsewhere, Fetcher
from sandbox.http import Problem, Request, Response, reply
from sandbox.networks.ledger import Ledger
from sandbox.networks.people import People, canonical
from sandbox.networks.settings import KEY_BEGINS, Settings
from sandbox.ports import HOST
from sandbox.providers import register
from sandbox.providers.whatsapp.errors import refused, spoken
from sandbox.providers.whatsapp.messages import Messages
from sandbox.providers.whatsapp.numbers import Number, Numbers
from sandbox.providers.whatsapp.reports import APP_SECRET, PROTOCOL
from sandbox.providers.whatsapp.templates import Templates
from sandbox.schedule import Action

ROOT: Final = "/whatsapp/v23.0"
DECIDE: Final = "whatsapp-template"
DECIDE_SECONDS: Final = 600.0
Handle = Callable[[Request], Any]


@register
class WhatsApp:
    """The provider."""

    name = "whatsapp"

    def __init__(self, core: Core) -> None:
        self._core = core
        self._people, self._ledger, self._settings = People(core), Ledger(core), Settings(core)
        self._numbers, self._templates = Numbers(core), Templates(core, self._settings)
        self._messages = Messages(core, self._people, self._ledger, self._settings, self._numbers, self._templates)
        self._answering = Answering(core, PROTOCOL, spoken, logs="network_request")
        core.schedule.handle(DECIDE, self._decide)

    async def start(self) -> None:
        routes: tuple[tuple[str, str, str, Handle], ...] = (
            ("POST", "/{id}/messages", "SEND", self._send),
            ("GET", "/{id}/message_templates", "LIST", self._list_templates),
            ("POST", "/{id}/message_templates", "TEMPLATE", self._create_template),
            ("GET", "/{id}/phone_numbers", "LIST", self._list_numbers),
            ("GET", "/{id}/subscribed_apps", "LOOK_UP", self._subscribed),
            ("POST", "/{id}/subscribed_apps", "LOOK_UP", self._subscribe),
            ("GET", "/{id}", "LOOK_UP", self._show),
        )
        for method, path, stage, handle in routes:
            self._serve(method, path, stage, handle)
        for path, control in (
            ("/whatsapp/numbers", self._save_number),
            ("/whatsapp/webhook", self._set_webhook),
            ("/whatsapp/write", self._write),
        ):
            self._core.http.route("POST", path, control)

    def reset(self) -> None:
        self._messages.reset()
        self._messages.reports.deliveries.counts.clear()
        self._answering.counts.clear()

    def stats(self) -> dict[str, object]:
        """Count what reached people, callbacks by how they went, and requests by status."""
        return {
            **self._ledger.stats(PROTOCOL),
            "callbacks": dict(self._messages.reports.deliveries.counts),
            "requests": dict(self._answering.counts),
        }

    def _serve(self, method: str, path: str, stage: str, handle: Handle) -> None:
        async def answer(request: Request) -> Response:
            async def act() -> Any:
                kind, _, token = request.headers.get("authorization", "").partition(" ")
                if kind.lower() != "bearer" or not token.startswith(KEY_BEGINS):
                    raise refused("190", "The access token is invalid.")
                value = handle(request)
                return await value if isawaitable(value) else value

            id = request.names["id"]
            to = _told(request).get("to", "")
            return await self._answering.answer(f"{method} {path}", stage, act, account=id, number=canonical(str(to)))

        self._core.http.route(method, ROOT + path, answer)

    def _send(self, request: Request) -> Any:
        number, body = self._number(request), request.json()
        if body.get("status") == "read":
            return {"success": True}
        return self._messages.send(number, body)

    def _list_templates(self, request: Request) -> Any:
        business, query = self._business(request), request.query
        limit = int(query.get("limit", 25))
        start = int(urlsafe_b64decode(query["after"].encode())) if query.get("after") else 0
        found = self._templates.all(business)
        if query.get("name"):
            found = [each for each in found if each["name"] == query["name"]]
        if query.get("status"):
            found = [each for each in found if each["status"] == query["status"]]
        shown, end = found[start : start + limit], start + limit
        paging: dict[str, Any] = {"cursors": {"before": _cursor(start), "after": _cursor(end)}}
        if end < len(found):
            more = urlencode({**query, "after": _cursor(end)})
            paging["next"] = f"{self._url()}{ROOT}/{business}/message_templates?{more}"
        return {"data": shown, **({"paging": paging} if shown else {})}

    def _create_template(self, request: Request) -> Any:
        business, body = self._business(request), request.json()
        if missing := {"name", "language", "category", "components"} - set(body):
            raise refused("100", f"missing: {', '.join(sorted(missing))}")
        if self._templates.find(business, body["name"], body["language"]) is not None:
            raise refused("100", "There is already a template of this name and language.")
        made = self._templates.add(business, body)
        data = {"business": business, "name": made["name"], "language": made["language"]}
        self._core.schedule.plan(DECIDE, after=DECIDE_SECONDS, data=data)
        return {name: made[name] for name in ("id", "status", "category")}

    async def _decide(self, action: Action) -> None:
        """Approve a template that was in review."""
        business = action.data["business"]
        changed = [
            {**each, "status": "APPROVED"}
            if all(each[name] == action.data[name] for name in ("name", "language"))
            else each
            for each in self._templates.all(business)
        ]
        self._settings.set_account(business, {"templates": changed})
        found = self._templates.find(business, action.data["name"], action.data["language"])
        for number in self._numbers.all():
            if number.business == business and found is not None:
                self._messages.reports.template(number, found, "APPROVED")

    def _list_numbers(self, request: Request) -> Any:
        business = self._business(request)
        return {"data": [each.as_json(self._settings) for each in self._numbers.all() if each.business == business]}

    def _subscribed(self, request: Request) -> Any:
        self._business(request)
        return {"data": [{"whatsapp_business_api_data": {"id": "1", "name": "LAD"}}]}

    async def _subscribe(self, request: Request) -> Any:
        """Report what happens to the numbers of a business account at an address of its own, if one is given."""
        business, body = self._business(request), _told(request)
        if address := body.get("override_callback_uri"):
            try:
                await self._challenge(str(address), str(body.get("verify_token", "")))
            except Problem as problem:
                raise refused("100", str(problem)) from None
            for number in self._numbers.all():
                if number.business == business:
                    self._settings.set_account(number.id, {"webhook": str(address)})
        return {"success": True}

    def _show(self, request: Request) -> Any:
        id = request.names["id"]
        if id in self._numbers.businesses():
            return {"id": id, "name": "Kestrel Example", "account_review_status": "APPROVED"}
        return self._number(request).as_json(self._settings)

    def _number(self, request: Request) -> Number:
        number = self._numbers.get(request.names["id"])
        if number is None:
            raise refused("33", f"Object with ID '{request.names['id']}' does not exist.")
        return number

    def _business(self, request: Request) -> str:
        if request.names["id"] not in self._numbers.businesses():
            raise refused("33", f"Object with ID '{request.names['id']}' does not exist.")
        return request.names["id"]

    async def _save_number(self, request: Request) -> Response:
        return reply(vars(self._numbers.save(request.json())), 201)

    async def _set_webhook(self, request: Request) -> Response:
        """Ask an address for the challenge, and report to it from then on."""
        values = request.json()
        await self._challenge(str(values["url"]), str(values["verify_token"]))
        secret = str(values.get("app_secret", APP_SECRET))
        self._settings.set_account(str(values["account"]), {"webhook": values["url"], "webhook_secret": secret})
        return reply({})

    async def _challenge(self, url: str, verify_token: str) -> None:
        """Ask an address for the challenge. Raises Problem if it does not return it."""
        challenge = str(self._core.chance("challenge", url).randrange(10**9))
        query = {"hub.mode": "subscribe", "hub.verify_token": verify_token, "hub.challenge": challenge}
        try:
            fetched = await Fetcher(self._core.web_hosts).fetch(
                "GET", f"{url}?{urlencode(query)}", agent="facebookplatform/1.0 (sandbox)"
            )
        except (Elsewhere, OSError, TimeoutError) as error:
            raise Problem(400, f"The address does not answer: {type(error).__name__}") from None
        if fetched.status != 200 or fetched.body.decode(errors="replace").strip() != challenge:
            raise Problem(400, f"The address did not return the challenge but {fetched.status}.")

    async def _write(self, request: Request) -> Response:
        values = request.json()
        number = self._numbers.get(str(values["account"]))
        if number is None:
            raise Problem(404, "There is no such number.")
        person = self._people.person(str(values["person"]))
        return reply({"id": self._messages.write(number, person, str(values["text"]))}, 201)

    def _url(self) -> str:
        return f"http://{HOST}:{self._core.ports.numbers['http']}"


def _cursor(place: int) -> str:
    return urlsafe_b64encode(str(place).encode()).decode()


def _told(request: Request) -> dict[str, Any]:
    try:
        return request.json() if request.method == "POST" else {}
    except Problem:
        return {}
