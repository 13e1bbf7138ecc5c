"""Hosted links: single-use, short-lived pages on which somebody connects an account; and the page of a telephone.

GET /unipile/hosted/{token} shows the page, POST takes its form: ``provider``, ``username``, ``password`` or
``outcome``, then ``code``. /unipile/phone shows what waits for a telephone: codes to scan and sign-ins to approve.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from html import escape
from io import BytesIO
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import orjson
import segno

from sandbox.answering import Answer, Refused
from sandbox.core import Core
from sandbox.http import Problem, Request, Response
from sandbox.networks.ledger import Ledger
from sandbox.ports import HOST
from sandbox.providers.unipile.accounts import Account, Accounts
from sandbox.providers.unipile.errors import refused
from sandbox.providers.unipile.identities import CHANNELS
from sandbox.providers.unipile.sign_in import OUTCOMES, SignIn
from sandbox.providers.unipile.webhooks import Webhooks

WORDED: Final = {
    "ok": "Sign in",
    "otp": "Ask for a code",
    "2fa": "Ask for a two-factor code",
    "approval": "Ask for approval in the app",
    "captcha": "Ask for a captcha",
    "wrong": "Wrong password",
}


@dataclass(frozen=True)
class Link:
    """``state`` is open, waiting (for what ``account`` waits for), or used. ``ends`` is simulated time."""

    token: str
    value: dict[str, Any]
    state: str
    account: str
    ends: float


class Hosted:
    """All links, in the storage."""

    def __init__(self, core: Core, ledger: Ledger, *, accounts: Accounts, sign_in: SignIn, webhooks: Webhooks) -> None:
        self._core, self._ledger, self._accounts = core, ledger, accounts
        self._sign_in, self._webhooks = sign_in, webhooks
        core.storage.create("unipile_links", "token TEXT PRIMARY KEY, value TEXT, state TEXT, account TEXT, ends REAL")

    def start(self) -> None:
        for method, path, handler in (
            ("GET", "/unipile/hosted/{token}", self._show),
            ("POST", "/unipile/hosted/{token}", self._take),
            ("GET", "/unipile/phone", self._phone),
            ("POST", "/unipile/phone", self._approve),
        ):
            self._core.http.route(method, path, handler)

    def create(self, body: Mapping[str, Any]) -> Answer:
        """Return the address of a new page. Raises Refused."""
        type, providers = body.get("type"), body.get("providers")
        if type not in ("create", "reconnect"):
            raise refused("invalid_parameters", "type must be create or reconnect.")
        if type == "reconnect":
            account = self._accounts.get(str(body.get("reconnect_account") or ""))
            providers = [account.type]
        elif not providers:
            raise refused("invalid_parameters", "providers is required.")
        if not body.get("api_url"):
            raise refused("invalid_parameters", "api_url is required.")
        try:
            expires = datetime.fromisoformat(str(body.get("expiresOn")))
            # The caller's clock is the computer's; the sandbox's own may be elsewhere.
            seconds = (expires - datetime.now(expires.tzinfo)).total_seconds()
        except ValueError:
            raise refused("invalid_parameters", "expiresOn must be a time such as 2026-01-31T12:00:00.000Z.") from None
        if expires.tzinfo is None or seconds <= 0:
            raise refused("invalid_parameters", "expiresOn must be in the future, in UTC.")
        token = self._ledger.next_id("hosted")
        value = {**body, "providers": providers}
        self._core.storage.execute(
            "INSERT INTO unipile_links VALUES (?, ?, 'open', '', ?)",
            *(token, orjson.dumps(value).decode(), self._core.clock.now() + seconds),
        )
        url = f"http://{HOST}:{self._core.ports.numbers['http']}/unipile/hosted/{token}"
        return Answer({"object": "HostedAuthUrl", "url": url}, 201)

    def settled(self, id: str) -> str:
        """Notify LAD after a telephone has approved what a page waits for. Return where its browser goes."""
        row = self._core.storage.row("SELECT token FROM unipile_links WHERE account = ? AND state = 'waiting'", id)
        return self._success(self._link(row[0]), self._accounts.get(id)) if row else ""

    async def _show(self, request: Request) -> Response:
        link = self._link(request.names["token"])
        if link.state == "used" and request.query.get("then") is None:
            raise Problem(410, "This link has been used.")
        if link.state == "waiting" and (shown := self._waiting(link)) is not None:
            return shown
        return self._form(link, "")

    async def _take(self, request: Request) -> Response:
        link, form = self._link(request.names["token"]), request.form()
        if link.state == "used":
            raise Problem(410, "This link has been used.")
        reconnects = link.value["type"] == "reconnect"
        account = self._accounts.get(link.value["reconnect_account"]) if reconnects else None
        try:
            if link.state == "waiting" and "code" in form:
                answer = self._sign_in.solve({"account_id": link.account, "code": form["code"]})
            elif link.state == "waiting" and "renew" in form:
                answer = self._sign_in.resend(link.account)
            else:
                answer = self._sign_in.begin(self._signed_in_as(link, form, account), again=account)
        except Refused as problem:
            return self._form(link, str(problem))
        id = answer.value["account_id"]
        if answer.status == 202:
            self._core.storage.execute(
                "UPDATE unipile_links SET state = 'waiting', account = ? WHERE token = ?", id, link.token
            )
            return self._waiting(self._link(link.token)) or self._form(link, "")
        target = self._success(link, self._accounts.get(id))
        return _redirect(target) if target else _page("<p>The account is connected. You may close this page.</p>")

    def _signed_in_as(self, link: Link, form: Mapping[str, str], account: Account | None) -> dict[str, Any]:
        """Return the credentials of a form. A ``name`` alone will do, with an ``outcome``."""
        provider = account.type if account else form.get("provider", "").upper()
        allowed = link.value["providers"]
        if isinstance(allowed, list) and provider not in allowed:
            raise refused("invalid_parameters", f"{provider or 'No provider'} was not asked for.")
        username = form.get("username") or (account.identifier if account else "maya.sender")
        outcome = form.get("outcome", "")
        if outcome in OUTCOMES:
            self._sign_in.tell({"username": username, "outcome": outcome})
        return {"provider": provider, "username": username, "password": form.get("password") or "secret"}

    def _success(self, link: Link, account: Account) -> str:
        """Use the link up, and notify whoever it names."""
        self._core.storage.execute(
            "UPDATE unipile_links SET state = 'used', account = ? WHERE token = ?", account.id, link.token
        )
        status = "RECONNECTED" if link.value["type"] == "reconnect" else "CREATION_SUCCESS"
        body = {"status": status, "account_id": account.id, "name": link.value.get("name")}
        if url := link.value.get("notify_url"):
            self._webhooks.notify(url, account.id, body)
        target = str(link.value.get("success_redirect_url") or "")
        return _with(target, account_id=account.id) if target else ""

    def _waiting(self, link: Link) -> Response | None:
        """Return the page of a sign-in that waits, or None if it is over."""
        try:
            intent = self._sign_in.intent(link.account)
        except Refused:
            return None
        if intent.checkpoint == "QRCODE":
            renew = '<form method="post"><button name="renew" value="1">New code</button></form>'
            return _page(f"<p>Scan this code with the telephone.</p>{_drawn(intent.code)}{renew}")
        if intent.checkpoint == "IN_APP_VALIDATION":
            return _page('<p>Approve the sign-in in the app: <a href="/unipile/phone">the telephone</a>.</p>')
        return _page(
            f"<p>{escape(intent.checkpoint)}: enter the code.</p>"
            '<form method="post"><input name="code" autofocus><button>Confirm</button></form>'
        )

    def _form(self, link: Link, problem: str) -> Response:
        reconnects = link.value["type"] == "reconnect"
        allowed = link.value["providers"]
        types = [type for type in CHANNELS if not isinstance(allowed, list) or type in allowed]
        options = "".join(f"<option>{type}</option>" for type in types)
        outcomes = "".join(f'<option value="{name}">{escape(text)}</option>' for name, text in WORDED.items())
        who = f"<p>Reconnect {escape(link.value['reconnect_account'])}</p>" if reconnects else ""
        return _page(
            f"{who}<p>{escape(problem)}</p>"
            f'<form method="post"><label>Network <select name="provider">{options}</select></label> '
            '<label>User name <input name="username" value="maya.sender"></label> '
            f'<label>What happens <select name="outcome">{outcomes}</select></label> <button>Connect</button></form>'
        )

    async def _phone(self, request: Request) -> Response:
        shown = "".join(
            f"<li>{escape(intent.checkpoint)} for {escape(intent.values.get('name', intent.values['type']))} "
            f'<form method="post"><input type="hidden" name="account_id" value="{escape(intent.id)}">'
            f"<button>{'Scan' if intent.checkpoint == 'QRCODE' else 'Approve'}</button></form></li>"
            for intent in self._sign_in.waiting()
            if intent.checkpoint in ("QRCODE", "IN_APP_VALIDATION")
        )
        return _page(f"<p>The telephone</p><ul>{shown or '<li>Nothing waits.</li>'}</ul>")

    async def _approve(self, request: Request) -> Response:
        form = request.form() if b"=" in request.body else request.json()
        try:
            answer = self._sign_in.approve(str(form["account_id"]), code=str(form.get("code", "")))
        except Refused as problem:
            raise Problem(problem.status, str(problem)) from None
        self.settled(answer.value["account_id"])
        return Response(orjson.dumps(answer.value), answer.status)

    def _link(self, token: str) -> Link:
        """Raises Problem."""
        row = self._core.storage.row(
            "SELECT token, value, state, account, ends FROM unipile_links WHERE token = ?", token
        )
        if row is None:
            raise Problem(404, "There is no such link.")
        if self._core.clock.now() > row[4]:
            raise Problem(410, "This link has expired.")
        return Link(row[0], orjson.loads(row[1]), row[2], row[3], row[4])


def _drawn(code: str) -> str:
    drawing = BytesIO()
    segno.make(code).save(drawing, kind="svg", scale=4, xmldecl=False)
    return drawing.getvalue().decode()


def _page(content: str) -> Response:
    page = f"<!doctype html><title>Sandbox</title><h1>Sandbox: connect an account</h1>{content}"
    return Response(page.encode(), content_type="text/html; charset=utf-8")


def _redirect(target: str) -> Response:
    return Response(status=302, headers={"Location": target})


def _with(url: str, **values: str) -> str:
    """Return an address with more in its query."""
    parts = urlsplit(url)
    query = urlencode([*parse_qsl(parts.query), *values.items()])
    return urlunsplit(parts._replace(query=query))
