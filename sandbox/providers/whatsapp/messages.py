"""Messages and templates sent through WhatsApp, the window of 24 hours, and what becomes of them."""

from base64 import b64encode
from typing import Any, Final

from sandbox.answering import Refused
from sandbox.core import Core
from sandbox.networks.ledger import Deed, Ledger
from sandbox.networks.limits import Limits
from sandbox.networks.people import People, Person, canonical
from sandbox.networks.reactions import Reactions, Step
from sandbox.networks.settings import Settings
from sandbox.providers.whatsapp.errors import described, refused
from sandbox.providers.whatsapp.numbers import Number, Numbers
from sandbox.providers.whatsapp.reports import PROTOCOL, Reports
from sandbox.providers.whatsapp.templates import Templates, filled, variables_of

CHANNEL: Final = "whatsapp"
WINDOW_SECONDS: Final = 86_400.0
LONGEST: Final = 4096


class Messages:
    """Everything that goes to people and comes from them."""

    def __init__(
        self, core: Core, people: People, ledger: Ledger, settings: Settings, numbers: Numbers, templates: Templates
    ) -> None:
        self._core, self._people, self._ledger, self._settings = core, people, ledger, settings
        self._numbers, self._templates = numbers, templates
        self._limits = Limits(core, ledger, settings)
        self._reactions = Reactions(core, people, ledger, PROTOCOL, self)
        self.reports = Reports(core, settings)
        core.storage.create("whatsapp_windows", "number TEXT, person TEXT, until REAL, PRIMARY KEY (number, person)")

    def reset(self) -> None:
        self._limits.reset()

    def send(self, number: Number, body: dict[str, Any]) -> dict[str, Any]:
        """Take a message as POST /messages says. Raises Refused."""
        if body.get("messaging_product") != "whatsapp":
            raise refused("131008", "messaging_product must be whatsapp.")
        to = canonical(str(body.get("to") or ""))
        if not to.startswith("+"):
            raise refused("131009", "to must be a telephone number.")
        action, text = self._content(number, body)
        person = self._people.person(to)
        reference = str(body.get("biz_opaque_callback_data") or "")
        id = "wamid." + b64encode(bytes.fromhex(self._ledger.next_id("whatsapp", number.id, to))).decode()
        deed = Deed(id, PROTOCOL, CHANNEL, number.id, action, to, text, reference, self._core.clock.now())
        try:
            self._admit(number)
        except Refused as problem:
            self._ledger.refuse(deed, problem.code)
            raise
        code = self._undeliverable(number, person, action)
        if code and self._settings.account(number.id).get("errors") == "sync":
            self._ledger.refuse(deed, code)
            raise refused(code, "The message cannot be delivered.")
        if code:
            self._ledger.refuse(deed, code)
            self._report(number, deed, "failed", errors=[described(code, "The message cannot be delivered.")])
        else:
            self._ledger.record(deed)
            self._report(number, deed, "sent")
            self._reactions.to(deed)
        return {
            "messaging_product": "whatsapp",
            "contacts": [{"input": str(body["to"]), "wa_id": to.lstrip("+")}],
            "messages": [{"id": id, **({"message_status": "accepted"} if action == "template" else {})}],
        }

    def write(self, number: Number, person: Person, text: str, *, answers: str = "") -> str:
        """Let somebody write, which opens the window. Return the message's id."""
        now = self._core.clock.now()
        self._core.storage.execute(
            "INSERT OR REPLACE INTO whatsapp_windows VALUES (?, ?, ?)",
            *(number.id, person.identifier, now + WINDOW_SECONDS),
        )
        id = "wamid." + b64encode(bytes.fromhex(self._ledger.next_id("inbound", number.id))).decode()
        sender = person.identifier.lstrip("+")
        message: dict[str, Any] = {"from": sender, "id": id, "timestamp": str(int(now)), "type": "text"}
        message["text"] = {"body": text}
        if answers:
            message["context"] = {"from": number.number.lstrip("+"), "id": answers}
        self._core.log.write(
            "network_written",
            protocol=PROTOCOL,
            channel=CHANNEL,
            account=number.id,
            person=person.identifier,
            by="person",
            id=id,
            text=text,
        )
        self.reports.message(number, message, person.name)
        return id

    async def reacted(self, step: Step) -> None:
        number = self._numbers.get(step.deed.account)
        if number is None:
            return
        if step.name == "answered":
            id = self.write(number, step.person, step.text, answers=step.deed.id)
            self._core.log.write(
                "network_answered",
                channel=CHANNEL,
                account=number.id,
                person=step.person.identifier,
                id=id,
                answers=step.deed.id,
            )
        elif step.name in ("delivered", "read"):
            self._report(number, step.deed, step.name)

    def window_until(self, number: str, person: str) -> float:
        row = self._core.storage.row(
            "SELECT until FROM whatsapp_windows WHERE number = ? AND person = ?", number, person
        )
        return float(row[0]) if row else 0.0

    def _content(self, number: Number, body: dict[str, Any]) -> tuple[str, str]:
        """Return what it is and what the person reads. Raises Refused."""
        kind = body.get("type", "text")
        if kind == "text":
            text = str((body.get("text") or {}).get("body") or "")
            if not text or len(text) > LONGEST:
                raise refused("131009" if text else "131008", f"text.body has 1 to {LONGEST:,} letters.")
            return "message", text
        if kind != "template":
            raise refused("131051", f"The sandbox knows no messages of the type {kind}.")
        asked = body.get("template") or {}
        language = str((asked.get("language") or {}).get("code") or "")
        found = self._templates.find(number.business, str(asked.get("name") or ""), language)
        if found is None or found["status"] in ("PENDING", "REJECTED"):
            raise refused("132001", f"template name ({asked.get('name')}) does not exist in {language}")
        if found["status"] in ("PAUSED", "DISABLED"):
            raise refused("132015", "The template is paused because of its quality.")
        values = [
            str(parameter.get("text", ""))
            for component in asked.get("components") or []
            if str(component.get("type", "")).lower() == "body"
            for parameter in component.get("parameters") or []
        ]
        if len(values) != variables_of(found):
            told = f"body: number of localizable_params ({len(values)}) does not match {variables_of(found)}"
            raise refused("132000", told)
        return "template", filled(found, values)

    def _admit(self, number: Number) -> None:
        """Raises Refused if the number has sent enough."""
        if self._limits.too_fast(number.id) or self._limits.exceeded(number.id, "message", ("message", "template"), {}):
            raise refused("130429", "Too many messages were sent from this number.")

    def _undeliverable(self, number: Number, person: Person, action: str) -> str:
        """Return the code of why a message does not reach somebody, or nothing."""
        if person.behaviour == "wrong_number" or self._ledger.closed(CHANNEL, number.id, person.identifier):
            return "131026"
        if action == "message" and self.window_until(number.id, person.identifier) < self._core.clock.now():
            return "131047"
        return ""

    def _report(self, number: Number, deed: Deed, status: str, **more: Any) -> None:
        told: dict[str, Any] = {
            "id": deed.id,
            "status": status,
            "timestamp": str(int(self._core.clock.now())),
            "recipient_id": deed.recipient.lstrip("+"),
            **more,
        }
        if deed.reference:
            told["biz_opaque_callback_data"] = deed.reference
        if status in ("sent", "delivered"):
            category = "service" if deed.action == "message" else "marketing"
            told["conversation"] = {"id": f"c-{deed.recipient.lstrip('+')}", "origin": {"type": category}}
            told["pricing"] = {"billable": category != "service", "pricing_model": "PMP", "category": category}
        self.reports.status(number, told, event=status)
