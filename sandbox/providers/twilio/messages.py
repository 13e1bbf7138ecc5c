"""Messages of Twilio's accounts: what became of each, opt-outs, and callbacks with their signature.

An account in the log is what messages are sent from: a number, or a messaging service.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from sandbox.answering import Refused
from sandbox.core import Core
from sandbox.deliveries import Callback
from sandbox.fetch import FORM
from sandbox.networks.ledger import Deed, Ledger
from sandbox.networks.limits import Limits
from sandbox.networks.people import People, Person, canonical
from sandbox.networks.reactions import Reactions, Step
from sandbox.networks.settings import Settings, deliveries_of
from sandbox.providers.twilio.errors import refused
from sandbox.providers.twilio.segments import segments_of
from sandbox.schedule import Action

PROTOCOL: Final = "twilio"
CHANNEL: Final = "sms"
PRICE: Final = "twilio-price"
PRICE_SECONDS: Final = 60.0
PRICE_A_SEGMENT: Final = 0.0079
NUMBERS: Final = ("+442079460201", "+12125550201")
STOP_WORDS: Final = {"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "OPTOUT", "REVOKE"}
START_WORDS: Final = {"START", "YES", "UNSTOP"}
HELP_WORDS: Final = {"HELP", "INFO"}
E164: Final = re.compile(r"\+[1-9][0-9]{6,14}")
LONGEST: Final = 1600
# Twilio calls back once.
ATTEMPTS: Final = 1
COLUMNS: Final = (
    "sid, account_sid, sender, from_number, to_number, body, direction, status, error_code, callback, price, created,"
    " updated"
)


@dataclass(frozen=True)
class Message:
    sid: str
    account_sid: str
    # The number or messaging service that it is sent from.
    sender: str
    from_number: str
    to_number: str
    body: str
    direction: str
    status: str
    error_code: str
    callback: str
    price: str
    created: float
    updated: float

    def as_json(self) -> dict[str, Any]:
        sent = self.status not in ("queued", "accepted", "sending")
        return {
            "sid": self.sid,
            "account_sid": self.account_sid,
            "api_version": "2010-04-01",
            "body": self.body,
            "date_created": _rfc2822(self.created),
            "date_sent": _rfc2822(self.created) if sent else None,
            "date_updated": _rfc2822(self.updated),
            "direction": self.direction,
            "error_code": int(self.error_code) if self.error_code else None,
            "error_message": None,
            "from": self.from_number,
            "messaging_service_sid": self.sender if self.sender.startswith("MG") else None,
            "num_media": "0",
            "num_segments": str(segments_of(self.body)),
            "price": self.price or None,
            "price_unit": "USD",
            "status": self.status,
            "to": self.to_number,
            "uri": f"/2010-04-01/Accounts/{self.account_sid}/Messages/{self.sid}.json",
        }


class Messages:
    """All of them, in the storage."""

    def __init__(self, core: Core, people: People, ledger: Ledger, settings: Settings) -> None:
        self._core, self._people, self._ledger, self._settings = core, people, ledger, settings
        self.limits = Limits(core, ledger, settings)
        self._reactions = Reactions(core, people, ledger, PROTOCOL, self)
        self.deliveries = deliveries_of(core, settings, PROTOCOL)
        self.deliveries.sign_with(PROTOCOL, sign, attempts=ATTEMPTS)
        core.storage.create(
            "twilio_messages",
            "sid TEXT PRIMARY KEY, account_sid TEXT, sender TEXT, from_number TEXT, to_number TEXT, body TEXT,"
            " direction TEXT, status TEXT, error_code TEXT, callback TEXT, price TEXT, created REAL, updated REAL",
            index="account_sid, to_number, created",
        )
        core.schedule.handle(PRICE, self._price)

    def numbers(self, account_sid: str) -> list[str]:
        return list(self._settings.account(account_sid).get("numbers", NUMBERS))

    def send(self, account_sid: str, form: Mapping[str, str]) -> Message:
        """Take a message. Raises Refused."""
        to, body = form.get("To", ""), form.get("Body", "")
        service, sender = form.get("MessagingServiceSid", ""), canonical(form.get("From", ""))
        if not to:
            raise refused("21604")
        if not service and not form.get("From"):
            raise refused("21603")
        if not body:
            raise refused("21602")
        account = service or sender
        sid = "SM" + self._ledger.next_id("sms", account_sid)
        now = self._core.clock.now()
        deed = Deed(sid, PROTOCOL, CHANNEL, account, "message", canonical(to), body, "", now)
        try:
            self._admit(account_sid, account, to, body)
        except Refused as refusal:
            self._ledger.refuse(deed, refusal.code)
            raise
        from_number = sender or self.numbers(account_sid)[0]
        message = Message(
            *(sid, account_sid, account, from_number, canonical(to), body, "outbound-api", "queued", ""),
            *(form.get("StatusCallback", ""), "", now, now),
        )
        self._add(message)
        person = self._people.person(to)
        problem = self._undeliverable(account, person)
        if problem:
            self._ledger.refuse(deed, problem)
        else:
            self._ledger.record(deed)
            self._reactions.to(deed, opt_out_text="STOP", reads=False)
        self._change(message, "sent")
        if problem:
            self._change(message, "undelivered", error_code=problem)
        self._core.schedule.plan(PRICE, after=PRICE_SECONDS, data={"sid": sid})
        return message

    def write(self, account_sid: str, account: str, person: Person, text: str, *, to_number: str = "") -> Message:
        """Let somebody write to a number or messaging service. STOP and START do what they do."""
        now = self._core.clock.now()
        number = to_number or (account if account.startswith("+") else self.numbers(account_sid)[0])
        sid = "SM" + self._ledger.next_id("inbound", account_sid)
        message = Message(
            *(sid, account_sid, account, person.identifier, number, text, "inbound", "received", "", "", "", now, now)
        )
        self._add(message)
        self._core.log.write(
            "network_written",
            protocol=PROTOCOL,
            channel=CHANNEL,
            account=account,
            person=person.identifier,
            by="person",
            id=sid,
            text=text,
        )
        kind = _opt_out_type(text)
        if kind == "STOP":
            self._ledger.close(CHANNEL, account, person.identifier, "opted_out")
        elif kind == "START":
            self._ledger.reopen(CHANNEL, account, person.identifier)
        self._report_inbound(message, kind)
        return message

    async def reacted(self, step: Step) -> None:
        message = self.find(step.deed.id)
        if message is None:
            return
        if step.name == "answered":
            answer = self.write(
                message.account_sid, message.sender, step.person, step.text, to_number=message.from_number
            )
            self._core.log.write(
                "network_answered",
                channel=CHANNEL,
                account=message.sender,
                person=step.person.identifier,
                id=answer.sid,
                answers=message.sid,
            )
        elif step.name == "delivered":
            self._change(message, "delivered")

    def find(self, sid: str) -> Message | None:
        return next(iter(self.search("sid = ?", sid)), None)

    def search(self, condition: str, *values: object) -> list[Message]:
        """Return messages, newest first."""
        rows = self._core.storage.rows(
            f"SELECT {COLUMNS} FROM twilio_messages WHERE {condition} ORDER BY created DESC, rowid DESC", *values
        )
        return [Message(*row) for row in rows]

    def remember(self, account_sid: str, token: str) -> None:
        """Keep the token that callbacks of an account are signed with."""
        key = f"twilio_token_{account_sid}"
        if self._core.storage.setting(key) != token:
            self._core.storage.set(key, token)

    def _admit(self, account_sid: str, account: str, to: str, body: str) -> None:
        """Raises Refused."""
        if not E164.fullmatch(canonical(to)):
            raise refused("21211")
        if len(body) > LONGEST:
            raise refused("21617")
        if account.startswith("+") and account not in self.numbers(account_sid):
            raise refused("21606")
        if self._ledger.closed(CHANNEL, account, canonical(to)) == "opted_out":
            raise refused("21610")
        if self.limits.too_fast(account) or self.limits.exceeded(account, "message", ("message",), {}):
            raise refused("20429")

    def _undeliverable(self, account: str, person: Person) -> str:
        if person.behaviour == "wrong_number":
            return "30005"
        return "30004" if self._ledger.closed(CHANNEL, account, person.identifier) == "blocked" else ""

    def _add(self, message: Message) -> None:
        self._core.storage.execute(
            f"INSERT INTO twilio_messages ({COLUMNS}) VALUES ({', '.join('?' * 13)})", *vars(message).values()
        )

    def _change(self, message: Message, status: str, *, error_code: str = "") -> None:
        """Move a message to a status and call back."""
        self._core.storage.execute(
            "UPDATE twilio_messages SET status = ?, error_code = ?, updated = ? WHERE sid = ?",
            *(status, error_code, self._core.clock.now(), message.sid),
        )
        values = {
            "AccountSid": message.account_sid,
            "ApiVersion": "2010-04-01",
            "From": message.from_number,
            "MessageSid": message.sid,
            "MessageStatus": status,
            "SmsSid": message.sid,
            "SmsStatus": status,
            "To": message.to_number,
        }
        if error_code:
            values["ErrorCode"] = error_code
        if message.sender.startswith("MG"):
            values["MessagingServiceSid"] = message.sender
        self._call_back(message, message.callback, values, to=message.to_number, event=status)

    def _report_inbound(self, message: Message, opt_out_type: str) -> None:
        values = {
            "AccountSid": message.account_sid,
            "ApiVersion": "2010-04-01",
            "Body": message.body,
            "From": message.from_number,
            "MessageSid": message.sid,
            "NumMedia": "0",
            "NumSegments": str(segments_of(message.body)),
            "SmsMessageSid": message.sid,
            "SmsSid": message.sid,
            "SmsStatus": "received",
            "To": message.to_number,
        }
        if message.sender.startswith("MG"):
            values["MessagingServiceSid"] = message.sender
        if opt_out_type:
            values["OptOutType"] = opt_out_type
        told = {**self._settings.account(message.account_sid), **self._settings.account(message.sender)}
        self._call_back(message, str(told.get("webhook", "")), values, to=message.from_number, event="received")

    def _call_back(self, message: Message, url: str, values: Mapping[str, str], *, to: str, event: str) -> None:
        told = self._settings.account(message.account_sid).get("webhook_secret")
        token = told or self._core.storage.setting(f"twilio_token_{message.account_sid}") or ""
        self.deliveries.send(
            PROTOCOL,
            message.sender,
            url,
            about=message.sid,
            to=to,
            event=event,
            body=urlencode(values).encode(),
            secret=str(token),
        )

    async def _price(self, action: Action) -> None:
        message = self.find(action.data["sid"])
        if message is not None:
            price = f"-{PRICE_A_SEGMENT * segments_of(message.body):.5f}"
            self._core.storage.execute("UPDATE twilio_messages SET price = ? WHERE sid = ?", price, message.sid)
            self._core.log.write("network_priced", account=message.sender, id=message.sid, price=price)


def sign(callback: Callback) -> Mapping[str, str]:
    """Return the signature over the address and the sorted parameters."""
    pairs = sorted(parse_qsl(callback.body.decode(), keep_blank_values=True))
    signed = callback.url + "".join(name + value for name, value in pairs)
    digest = hmac.new(callback.secret.encode(), signed.encode(), hashlib.sha1).digest()
    return {"X-Twilio-Signature": base64.b64encode(digest).decode(), "content-type": FORM}


def _opt_out_type(text: str) -> str:
    word = text.strip().upper()
    for kind, words in (("STOP", STOP_WORDS), ("START", START_WORDS), ("HELP", HELP_WORDS)):
        if word in words:
            return kind
    return ""


def _rfc2822(moment: float) -> str:
    return format_datetime(datetime.fromtimestamp(moment, UTC))
