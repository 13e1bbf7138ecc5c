"""Stripe as its documents describe it, on this machine: sessions, payment intents, idempotency keys, webhooks.

It keeps everything in memory. ``python -m tests.billing.payments.stripe_server`` runs it beside a server, for trying
the checkout by hand; docs/operations.md says how. Sources: docs.stripe.com/api (idempotent_requests, errors,
checkout/sessions, payment_intents), docs.stripe.com/webhooks (signatures, retries, order of events).
"""

import argparse
import hashlib
import hmac
import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any
from urllib.parse import parse_qsl, urlsplit

CARD = "pm_card_visa"
DECLINED_CARD = "pm_card_declined"
DECLINED = "Your card was declined."
SECRET_KEY = "sk_test_of_this_machine"
WEBHOOK_SECRET = "whsec_of_this_machine"
SESSION_SECONDS = 24 * 3600


def sign(payload: str, secret: str, *, at: int) -> str:
    """The ``Stripe-Signature`` header of a webhook."""
    digest = hmac.new(secret.encode(), f"{at}.{payload}".encode(), hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


def nested(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    """A form body as Stripe reads it: ``line_items[0][quantity]=1`` is a list of objects."""
    tree: dict[str, Any] = {}
    for name, value in pairs:
        head, *rest = name.replace("]", "").split("[")
        place, key = tree, head
        for part in rest:
            place = place.setdefault(key, {})
            key = part
        place[key] = value
    return tree


class Failure(Exception):
    """An answer that is an error."""

    def __init__(self, status: int, kind: str, message: str, **more: Any) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": {"type": kind, "message": message, **more}}


@dataclass
class Remembered:
    """The first answer under an idempotency key."""

    request: tuple[str, str]
    status: int = 0
    body: dict[str, Any] = field(default_factory=dict)
    finished: bool = False


@dataclass
class Stripe:
    """The state of the account, and what tests do to it.

    ``before`` is called with the path of a write before it is carried out, ``after`` before it is answered;
    either may raise ``Hangup`` to drop the line. ``busy`` is how many writes
    are put off, ``refusal`` why every write is refused.
    """

    sessions: dict[str, dict[str, Any]] = field(default_factory=dict)
    intents: dict[str, dict[str, Any]] = field(default_factory=dict)
    remembered: dict[str, Remembered] = field(default_factory=dict)
    requests: list[tuple[str, str]] = field(default_factory=list)
    before: Callable[[str], None] = lambda path: None
    after: Callable[[str], None] = lambda path: None
    busy: int = 0
    refusal: str = ""
    processing: bool = False
    url: str = ""
    _numbers: Any = field(default_factory=lambda: count(1))
    _lock: Any = field(default_factory=threading.RLock)

    def id(self, kind: str) -> str:
        return f"{kind}_test_{next(self._numbers)}"

    def write(self, path: str, body: str, key: str) -> tuple[int, dict[str, Any]]:
        """A POST under its idempotency key: the first one is carried out, others get its answer or an error."""
        with self._lock:
            if self.busy:
                self.busy -= 1
                raise Failure(429, "invalid_request_error", "Too many requests", code="rate_limit")
            known = self.remembered.get(key)
            first = known is None
            if known is None:
                known = self.remembered[key] = Remembered((path, body))
            elif known.request != (path, body):
                raise Failure(400, "idempotency_error", "Keys can only be used with the same parameters.")
            elif not known.finished:
                raise Failure(409, "invalid_request_error", "In use", code="idempotency_key_in_use")
        if first:
            self._carry_out(known, path, body, key)
        self.after(path)
        return known.status, known.body

    def _carry_out(self, known: Remembered, path: str, body: str, key: str) -> None:
        try:
            self.before(path)
        except Hangup:
            # It never arrived.
            del self.remembered[key]
            raise
        known.status, known.body = self._result(path, nested(parse_qsl(body)))
        known.finished = True

    def _result(self, path: str, params: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        try:
            if self.refusal:
                raise Failure(400, "invalid_request_error", self.refusal, code="parameter_invalid")
            if path == "/v1/checkout/sessions":
                return 200, self._new_session(params)
            if path == "/v1/payment_intents":
                return 200, self._new_intent(params)
        except Failure as failure:
            return failure.status, failure.body
        return 404, Failure(404, "invalid_request_error", f"Unrecognized request URL {path}").body

    def _new_session(self, params: dict[str, Any]) -> dict[str, Any]:
        lines = [line["price_data"] for line in params["line_items"].values()]
        if not params["success_url"].startswith("http"):
            raise Failure(400, "invalid_request_error", "Not a valid URL", code="url_invalid", param="success_url")
        now = int(time.time())
        session: dict[str, Any] = {
            "id": self.id("cs"),
            "object": "checkout.session",
            "mode": params["mode"],
            "status": "open",
            "payment_status": "unpaid",
            "amount_total": sum(int(line["unit_amount"]) for line in lines),
            "currency": lines[0]["currency"],
            "client_reference_id": params.get("client_reference_id"),
            "metadata": params.get("metadata", {}),
            "customer": None,
            "payment_intent": None,
            "created": now,
            "expires_at": now + SESSION_SECONDS,
            "success_url": params["success_url"],
            "cancel_url": params["cancel_url"],
        }
        session["url"] = f"{self.url}/pay/{session['id']}"
        self.sessions[session["id"]] = session
        session["_lines"] = [{"name": line["product_data"]["name"], "amount": line["unit_amount"]} for line in lines]
        session["_intent_data"] = params.get("payment_intent_data", {})
        return session

    def _new_intent(self, params: dict[str, Any]) -> dict[str, Any]:
        intent = self._intent(int(params["amount"]), params["currency"], params.get("metadata", {}))
        intent["customer"], intent["payment_method"] = params["customer"], params["payment_method"]
        if params["payment_method"] == DECLINED_CARD:
            intent["status"] = "requires_payment_method"
            codes = {"code": "card_declined", "decline_code": "insufficient_funds"}
            intent["last_payment_error"] = {**codes, "message": DECLINED}
            intent["payment_method"] = None
            raise Failure(402, "card_error", DECLINED, payment_intent=shown(intent), **codes)
        intent["status"] = "processing" if self.processing else "succeeded"
        return intent

    def _intent(self, amount: int, currency: str, metadata: dict[str, Any]) -> dict[str, Any]:
        intent: dict[str, Any] = {
            "id": self.id("pi"),
            "object": "payment_intent",
            "amount": amount,
            "currency": currency,
            "status": "requires_payment_method",
            "metadata": metadata,
            "customer": None,
            "payment_method": None,
            "last_payment_error": None,
            "created": int(time.time()),
        }
        self.intents[intent["id"]] = intent
        return intent

    def read(self, path: str, query: dict[str, str]) -> dict[str, Any]:
        """A GET."""
        name = path.rsplit("/", 1)[-1]
        for known in (self.sessions, self.intents):
            if name in known:
                return known[name]
        if path == "/v1/payment_intents":
            since = int(query.get("created[gte]", 0))
            found = [
                shown(each)
                for each in reversed(self.intents.values())
                if each["customer"] == query.get("customer") and each["created"] >= since
            ]
            return {"object": "list", "data": found, "has_more": False, "url": path}
        raise Failure(404, "invalid_request_error", f"No such object: {name}", code="resource_missing")

    def pay(self, session_id: str, *, card: str = CARD, at_once: bool = True) -> dict[str, Any]:
        """Somebody enters a card; with a bank that takes days the session is completed and unpaid."""
        session = self.sessions[session_id]
        data = session["_intent_data"]
        intent = self._intent(session["amount_total"], session["currency"], data.get("metadata", {}))
        intent["status"] = "succeeded" if at_once else "processing"
        if data.get("setup_future_usage"):
            intent["customer"] = session["customer"] = self.id("cus")
        intent["payment_method"] = card
        session["status"], session["payment_intent"] = "complete", intent["id"]
        session["payment_status"] = "paid" if at_once else "unpaid"
        return session

    def expire(self, session_id: str) -> dict[str, Any]:
        """Nobody came to pay in time."""
        self.sessions[session_id]["status"] = "expired"
        return self.sessions[session_id]

    def charge_of(self, intent_id: str, *, refunded: int = 0) -> dict[str, Any]:
        """The charge behind a payment intent, with so much of it refunded."""
        intent = self.intents[intent_id]
        return {
            "id": intent_id.replace("pi_", "ch_"),
            "object": "charge",
            "amount": intent["amount"],
            "amount_refunded": refunded,
            "currency": intent["currency"],
            "metadata": intent["metadata"],
            "payment_intent": intent_id,
            "refunded": refunded == intent["amount"],
        }

    def dispute_of(self, intent_id: str) -> dict[str, Any]:
        """A dispute over a payment intent. It carries no metadata of the payment."""
        intent = self.intents[intent_id]
        return {
            "id": self.id("dp"),
            "object": "dispute",
            "amount": intent["amount"],
            "currency": intent["currency"],
            "payment_intent": intent_id,
            "charge": intent_id.replace("pi_", "ch_"),
            "reason": "fraudulent",
            "metadata": {},
        }

    def event(self, kind: str, subject: dict[str, Any]) -> str:
        """The body of a webhook that tells of it."""
        body = {
            "id": self.id("evt"),
            "object": "event",
            "type": kind,
            "created": int(time.time()),
            "livemode": False,
            "data": {"object": shown(subject)},
        }
        return json.dumps(body, indent=2)


class Hangup(Exception):
    """The line goes dead before the answer."""


def shown(row: dict[str, Any]) -> dict[str, Any]:
    """The object as it goes over the line."""
    return {name: value for name, value in row.items() if not name.startswith("_")}


class Handler(BaseHTTPRequestHandler):
    """The HTTP side."""

    protocol_version = "HTTP/1.1"
    stripe: Stripe
    told: Callable[[str], None] | None = None

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        if parts.path.startswith("/pay/"):
            self._pay(parts.path.removeprefix("/pay/"))
            return
        self._answer(lambda: (200, self.stripe.read(parts.path, dict(parse_qsl(parts.query)))))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        key = self.headers.get("Idempotency-Key", "")
        self.stripe.requests.append((self.path, key))
        self._answer(lambda: self.stripe.write(self.path, body, key))

    def _answer(self, call: Callable[[], tuple[int, dict[str, Any]]]) -> None:
        try:
            if self.headers.get("Authorization") != f"Bearer {SECRET_KEY}":
                raise Failure(401, "invalid_request_error", "Invalid API Key provided")
            status, body = call()
        except Failure as failure:
            status, body = failure.status, failure.body
        except Hangup:
            self.close_connection = True
            return
        self._send(status, json.dumps(shown(body)), "application/json")

    def _pay(self, session_id: str) -> None:
        """The page where a card is entered: looking at it pays, and tells the webhook as Stripe would."""
        session = self.stripe.pay(session_id)
        intent = self.stripe.intents[session["payment_intent"]]
        if self.told is not None:
            self.told(self.stripe.event("payment_intent.succeeded", intent))
            self.told(self.stripe.event("checkout.session.completed", session))
        self._send(200, f'Paid. <a href="{session["success_url"]}">Go on</a>', "text/html")

    def _send(self, status: int, text: str, kind: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


def serve(stripe: Stripe, *, port: int = 0, told: Callable[[str], None] | None = None) -> ThreadingHTTPServer:
    """A server for the account; ``told`` hands on the webhooks of the payment page."""
    handler = type("AccountHandler", (Handler,), {"stripe": stripe, "told": staticmethod(told) if told else None})
    server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    server.daemon_threads = True
    stripe.url = f"http://127.0.0.1:{server.server_address[1]}"
    return server


def _post(address: str, payload: str) -> None:
    """Tell a webhook, and again after a while when it does not answer with a success, as Stripe does."""
    for wait in (0, 1, 5, 30):
        time.sleep(wait)
        headers = {
            "Content-Type": "application/json",
            "Stripe-Signature": sign(payload, WEBHOOK_SECRET, at=int(time.time())),
        }
        request = urllib.request.Request(address, payload.encode(), headers)  # noqa: S310  (a local address)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310
                print(answer.status, answer.read().decode())  # noqa: T201
                return
        except urllib.error.HTTPError as error:
            print(error.code, error.read().decode())  # noqa: T201
        except OSError as error:
            print(error)  # noqa: T201


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=12111)
    parser.add_argument("--webhook", default="http://127.0.0.1:8000/api/v1/billing/stripe/webhook/")
    options = parser.parse_args()
    stripe = Stripe()
    server = serve(
        stripe,
        port=options.port,
        told=lambda payload: threading.Thread(target=_post, args=(options.webhook, payload), daemon=True).start(),
    )
    print(f"STRIPE_API_URL={stripe.url} STRIPE_SECRET_KEY={SECRET_KEY} STRIPE_WEBHOOK_SECRET={WEBHOOK_SECRET}")  # noqa: T201
    server.serve_forever()


if __name__ == "__main__":
    main()
