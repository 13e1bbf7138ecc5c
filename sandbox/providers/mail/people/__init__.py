"""Simulated people: who gets a message and what they do with it."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

import orjson

from sandbox.core import Core
from sandbox.faults import Fault, FaultKind
from sandbox.fetch import Elsewhere, Fetcher
from sandbox.providers.mail.people import bounces, replies
from sandbox.providers.mail.people.originals import Original, read
from sandbox.providers.mail.people.persons import BOUNCES, DETAILS, SERVER_FAULTS, Behaviour, Person, person_of
from sandbox.providers.mail.smtp import AFTER_FINAL, FINAL, Refusal
from sandbox.schedule import Action

ACT: Final = "mail.act"
MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0
# Simulated seconds from the arrival of a message to what a person does, from and to.
DELAYS: Final = {
    "bounce": (1.0, 30.0),
    "delivered-late": (4 * HOUR, 8 * HOUR),
    "scan": (0.1, 0.9),
    "away": (1.0, 20.0),
    "ticket": (2.0, 40.0),
    "open": (2 * MINUTE, 3 * HOUR),
    "click": (5.0, 90.0),
    "answer": (4 * MINUTE, 40 * MINUTE),
    "answer-later": (1 * DAY, 3 * DAY),
    "unsubscribe-click": (3 * MINUTE, 20 * MINUTE),
    "unsubscribe-mail": (3 * MINUTE, 20 * MINUTE),
    "complaint": (10 * MINUTE, 5 * HOUR),
}
PLANS: Final[dict[Behaviour, tuple[str, ...]]] = {
    Behaviour.OPENS: ("open",),
    Behaviour.CLICKS: ("open", "click"),
    Behaviour.ANSWERS: ("answer",),
    Behaviour.ANSWERS_LATER: ("answer-later",),
    Behaviour.DECLINES: ("answer",),
    Behaviour.OUT_OF_OFFICE: ("away",),
    Behaviour.TICKET_SYSTEM: ("ticket",),
    Behaviour.COMPLAINS: ("complaint",),
    Behaviour.UNSUBSCRIBES_BY_CLICK: ("unsubscribe-click",),
    Behaviour.UNSUBSCRIBES_BY_MAIL: ("unsubscribe-mail",),
    Behaviour.SCANNER: ("scan",),
}
# What a person does once only.
ONCE: Final = {"complaint", "unsubscribe-click", "unsubscribe-mail"}
MAX_ANSWERS: Final = 3
SCANNER_AGENT: Final = "Mozilla/5.0 (compatible; BarracudaLinkProtect/2.1)"
IMAGE_PROXY_AGENT: Final = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
BROWSER_AGENT: Final = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"
)
Deliver = Callable[..., bool]


class People:
    """Decides for every recipient what happens to a message, and acts for them."""

    def __init__(self, core: Core, deliver: Deliver) -> None:
        self._core = core
        self._deliver = deliver
        self.fetcher = Fetcher(core.web_hosts)
        core.storage.create(
            "people",
            "address TEXT PRIMARY KEY, asked TEXT, received INTEGER NOT NULL DEFAULT 0, away_until TEXT,"
            " done TEXT NOT NULL DEFAULT ''",
        )
        core.schedule.handle(ACT, self._act)
        self._mixed = core.mixed_people
        self._lookup = self._remember()
        self._described: dict[str, Person] = {}
        self._reload()

    def reset(self) -> None:
        """Forget what was set since the start, after the storage was cleared."""
        self.mix(self._core.mixed_people)
        self.fetcher = Fetcher(self._core.web_hosts)
        self._reload()

    def mix(self, mixed: bool) -> None:
        """Choose whether people whose address does not say what they do are a mixture, or silent."""
        self._mixed = mixed
        self._lookup = self._remember()

    def _remember(self) -> Callable[[str], Person]:
        return lru_cache(maxsize=4096)(lambda address: person_of(self._core, address, mixed=self._mixed))

    def _reload(self) -> None:
        rows = self._core.storage.rows("SELECT address, asked FROM people WHERE asked IS NOT NULL")
        self._described = {address: _described(address, orjson.loads(asked)) for address, asked in rows}

    def describe(self, values: dict[str, Any]) -> Person:
        """Say what somebody does. Raise ValueError for behaviours and details that do not exist."""
        address = str(values["address"]).lower()
        person = _described(address, values)
        self._core.storage.execute(
            "INSERT INTO people (address, asked) VALUES (?, ?)"
            " ON CONFLICT (address) DO UPDATE SET asked = excluded.asked",
            address,
            orjson.dumps(values).decode(),
        )
        self._described[address] = person
        return person

    def person(self, address: str) -> Person:
        return self._described.get(address) or self._lookup(address)

    def refuse(self, account: str, recipient: str) -> Refusal | None:
        """Return how a person's server refuses the address at once, or None."""
        person = self.person(recipient)
        if person.behaviour is Behaviour.TRY_LATER:
            return Refusal(450, "4.2.1 The user you are trying to contact is receiving mail too quickly")
        if person.behaviour in BOUNCES and "refused" in person.details:
            failure = bounces.failure_of(person)
            return Refusal(failure.code, f"{failure.status} {failure.text}")
        return None

    def fault(self, stage: str, recipient: str) -> Fault | None:
        """Return how a person's server misbehaves at this stage, or None. Drops and 421 happen once an address."""
        person = self.person(recipient)
        if person.behaviour not in SERVER_FAULTS:
            return None
        at_recipient, at_final = stage == "RCPT", stage == FINAL
        match person.behaviour:
            case Behaviour.GREYLISTED if at_recipient:
                return Fault(0, FaultKind.GREYLIST, seconds=5 * MINUTE)
            case Behaviour.SLOW if at_final:
                return Fault(0, FaultKind.SLOW, seconds=2.0)
            case Behaviour.BUSY if at_recipient and self._first_time("busy", recipient):
                return Fault(0, FaultKind.ANSWER, code=421, text="4.3.2 Too busy, closing the connection")
            case Behaviour.DROPS_BEFORE_FINAL if at_final and self._first_time("drop", recipient):
                return Fault(0, FaultKind.DROP, accepted=True)
            case Behaviour.LOSES_BEFORE_FINAL if at_final and self._first_time("drop", recipient):
                return Fault(0, FaultKind.DROP, accepted=False)
            case Behaviour.DROPS_AFTER_FINAL if stage == AFTER_FINAL and self._first_time("drop", recipient):
                return Fault(0, FaultKind.DROP)
        return None

    def receive(self, account: str, sender: str, recipient: str, message_id: str, content: bytes) -> None:
        """Deliver a message to a person, or fail to, and plan what follows."""
        person = self.person(recipient)
        plan: tuple[str, ...]
        if person.behaviour in BOUNCES:
            plan = ("bounce", "delivered-late") if person.behaviour is Behaviour.SOFT_BOUNCE else ("bounce",)
        else:
            self._core.log.write("delivery", message_id=message_id, account=account, recipient=recipient)
            plan = PLANS.get(person.behaviour, ())
        if not plan:
            return
        number = self._count(recipient)
        if number < person.patience and person.behaviour not in BOUNCES:
            return
        chance = self._core.chance("delay", recipient, number)
        after = 0.0
        for act in plan:
            after += chance.uniform(*DELAYS[act])
            data = {"act": act, "account": account, "sender": sender, "recipient": recipient, "number": number}
            self._core.schedule.plan(ACT, after=after, data=data, content=content)

    async def _act(self, action: Action) -> None:
        person = self.person(action.data["recipient"])
        original = read(action.content)
        if original.is_automatic:
            return
        act, sender, number = action.data["act"], action.data["sender"], action.data["number"]
        if act in ONCE and not self._first_time(act, person.address):
            return
        match act:
            case "bounce":
                self._bounce(person, original, sender, number)
            case "delivered-late":
                self._log("delivery", person, original, account=action.data["account"], late=True)
            case "answer" | "answer-later":
                if number < person.patience + MAX_ANSWERS:
                    self._answer(person, original, number)
            case "away":
                self._be_away(person, original, number)
            case "ticket":
                ticket = self._core.chance("ticket", person.address, number).randint(10_000, 99_999)
                content = replies.ticket(person, original, self._now(), number, ticket)
                self._send(person, original, original.reply_to, content, "auto_reply", what="ticket")
            case "complaint":
                content = bounces.complaint(person, original, sender, self._now(), number)
                self._send(person, original, sender, content, "complaint", redacted="redacted" in person.details)
            case _:
                await self._use_links(act, person, original, number)

    def _bounce(self, person: Person, original: Original, sender: str, number: int) -> None:
        failure = bounces.failure_of(person)
        content = bounces.bounce(person, original, sender, self._now(), number)
        facts = {"dialect": person.dialect, "status": failure.status, "action": failure.action}
        self._send(person, original, sender, content, "bounce", **facts)

    def _answer(self, person: Person, original: Original, number: int) -> None:
        agrees = person.behaviour is not Behaviour.DECLINES
        content = replies.answer(person, original, self._now(), number, agrees=agrees)
        self._send(person, original, original.reply_to, content, "reply", agrees=agrees)

    def _be_away(self, person: Person, original: Original, number: int) -> None:
        """Send one absence notice and none more until the day of return."""
        today = self._now().date()
        row = self._core.storage.row("SELECT away_until FROM people WHERE address = ?", person.address)
        if row and row[0] and date.fromisoformat(row[0]) > today:
            return
        returns = today + timedelta(days=self._core.chance("away", person.address, number).randint(2, 14))
        self._core.storage.execute("UPDATE people SET away_until = ? WHERE address = ?", str(returns), person.address)
        content = replies.out_of_office(person, original, self._now(), number, returns)
        facts = {"what": "out_of_office", "returns": str(returns), "language": person.language}
        self._send(person, original, original.reply_to, content, "auto_reply", **facts)

    async def _use_links(self, act: str, person: Person, original: Original, number: int) -> None:
        match act:
            case "open":
                for link in original.images:
                    await self._fetch("open", person, original, link, IMAGE_PROXY_AGENT)
            case "click":
                wanted = [link for link in original.links if "unsubscribe" not in link.lower()]
                for link in wanted[:1]:
                    await self._fetch("click", person, original, link, BROWSER_AGENT)
            case "scan":
                for link in dict.fromkeys([*original.links, *original.images, original.unsubscribe_url]):
                    if link:
                        await self._fetch("scan", person, original, link, SCANNER_AGENT)
            case "unsubscribe-click":
                await self._click_unsubscribe(person, original)
            case "unsubscribe-mail":
                address, _subject = original.unsubscribe_address
                content = replies.unsubscribe(person, original, self._now(), number) if address else b""
                if not address:
                    self._log("unsubscribe", person, original, method="mail", problem="no mailto in List-Unsubscribe")
                    return
                self._send(person, original, address, content, "unsubscribe", method="mail")

    async def _click_unsubscribe(self, person: Person, original: Original) -> None:
        """Do what a mail program does when its user presses unsubscribe (RFC 8058)."""
        if not (original.unsubscribe_url and original.one_click):
            self._log("unsubscribe", person, original, method="click", problem="no one-click List-Unsubscribe")
            return
        await self._fetch(
            "unsubscribe",
            person,
            original,
            original.unsubscribe_url,
            BROWSER_AGENT,
            body="List-Unsubscribe=One-Click",
            method="click",
        )

    async def _fetch(
        self, kind: str, person: Person, original: Original, url: str, agent: str, *, body: str = "", **facts: str
    ) -> None:
        try:
            fetched = await self.fetcher.fetch("POST" if body else "GET", url, agent=agent, body=body)
            result: dict[str, Any] = {"status": fetched.status, "location": fetched.location or None}
        except (Elsewhere, OSError, TimeoutError, ValueError) as error:
            result = {"problem": str(error) or type(error).__name__}
        self._log(kind, person, original, url=url, **facts, **result)

    def _send(self, person: Person, original: Original, address: str, content: bytes, kind: str, **facts: Any) -> None:
        self._deliver(address, content, kind=kind, person=person.address, about=original.message_id, **facts)

    def _log(self, kind: str, person: Person, original: Original, **facts: Any) -> None:
        who = "recipient" if kind == "delivery" else "person"
        about = "message_id" if kind == "delivery" else "about"
        self._core.log.write(kind, **{about: original.message_id, who: person.address}, **facts)

    def _now(self) -> datetime:
        return self._core.clock.moment()

    def _count(self, address: str) -> int:
        """Count a message to this person and return its number."""
        row = self._core.storage.row(
            "INSERT INTO people (address, received) VALUES (?, 1)"
            " ON CONFLICT (address) DO UPDATE SET received = received + 1 RETURNING received",
            address,
        )
        return int(row[0]) if row else 1

    def _first_time(self, what: str, address: str) -> bool:
        """Return whether this is the first time, and remember it."""
        row = self._core.storage.row("SELECT done FROM people WHERE address = ?", address)
        done = row[0].split() if row else []
        if what in done:
            return False
        self._core.storage.execute(
            "INSERT INTO people (address, done) VALUES (?, ?) ON CONFLICT (address) DO UPDATE SET done = excluded.done",
            address,
            " ".join([*done, what]),
        )
        return True


def _described(address: str, values: dict[str, Any]) -> Person:
    details = frozenset(values.get("details", ()))
    if unknown := details - DETAILS:
        raise ValueError(f"unknown details: {', '.join(sorted(unknown))}; known: {', '.join(sorted(DETAILS))}")
    return Person(
        address,
        Behaviour(values["behaviour"]),
        details,
        str(values.get("language", "en")),
        str(values.get("name", "Sandy Example")),
        int(values.get("patience", 1)),
    )
