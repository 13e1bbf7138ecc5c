"""Chats of accounts with people, their messages, and what is reported of them.

Messages that the owner wrote, through LAD or by hand, are reported as others are; only the sender tells them apart.
"""

from dataclasses import dataclass
from typing import Any, Final

from sandbox.core import Core
from sandbox.networks.ledger import Deed, Ledger
from sandbox.networks.people import People, Person
from sandbox.networks.reactions import Reactions, Step
from sandbox.providers.unipile.accounts import Account, Accounts
from sandbox.providers.unipile.errors import refused
from sandbox.providers.unipile.identities import attendee, attendee_id, profile_url, provider_id
from sandbox.providers.unipile.moments import iso
from sandbox.providers.unipile.webhooks import PROTOCOL, Webhooks

COLUMNS: Final = "id, chat, account, person, sender, text, at, seen, delivered, hidden"
OWNER: Final = "owner"
PERSON: Final = "person"


@dataclass(frozen=True)
class Message:
    """``sender`` is ``owner`` or ``person``; a ``hidden`` one the gateway has not read yet."""

    id: str
    chat: str
    account: str
    person: str
    sender: str
    text: str
    at: float
    seen: bool
    delivered: bool
    hidden: bool


class Chats:
    """All of them, in the storage."""

    def __init__(self, core: Core, people: People, ledger: Ledger, *, accounts: Accounts, webhooks: Webhooks) -> None:
        self._core, self._people, self._ledger = core, people, ledger
        self._accounts, self._webhooks = accounts, webhooks
        self._reactions = Reactions(core, people, ledger, PROTOCOL, self)
        core.storage.create(
            "unipile_messages",
            "id TEXT PRIMARY KEY, chat TEXT, account TEXT, person TEXT, sender TEXT, text TEXT, at REAL, seen INTEGER,"
            " delivered INTEGER, hidden INTEGER",
            index="account, at",
        )
        core.storage.execute("CREATE INDEX IF NOT EXISTS unipile_messages_chat ON unipile_messages (chat, at)")

    def send(self, account: Account, person: Person, text: str) -> Message:
        """Let the owner write through LAD. The caller has checked that it is allowed."""
        message = self._add(account, person, OWNER, text, hidden=False)
        deed = _deed(account, message)
        if self._ledger.closed(account.channel, account.id, person.identifier):
            # WhatsApp and Instagram do not say that somebody has blocked the account.
            self._ledger.refuse(deed, "blocked")
        else:
            self._ledger.record(deed)
            self._reactions.to(deed)
        self._report(account, message, "message_received")
        return message

    def write(self, account: Account, person: Person, text: str, *, by: str) -> Message:
        """Let the person write, or the owner by hand. The gateway reads it when the account is OK."""
        message = self._add(account, person, by, text, hidden=not account.ok)
        self._core.log.write(
            "network_written",
            protocol=PROTOCOL,
            channel=account.channel,
            account=account.id,
            person=person.identifier,
            by=by,
            id=message.id,
            text=text,
        )
        self._report(account, message, "message_received")
        return message

    def begin_with_note(self, account: Account, person: Person, note: str) -> None:
        """Begin the chat that the acceptance of an invitation with a note begins."""
        message = self._add(account, person, OWNER, note, hidden=not account.ok)
        self._report(account, message, "message_received")

    async def reacted(self, step: Step) -> None:
        """Report what somebody did with a message of LAD's."""
        row = self._core.storage.row("SELECT 1 FROM unipile_accounts WHERE id = ?", step.deed.account)
        found = self.find(step.deed.id)
        if row is None or found is None:
            return
        account = self._accounts.get(step.deed.account)
        if step.name == "answered":
            message = self.write(account, step.person, step.text, by=PERSON)
            self._core.log.write(
                "network_answered",
                channel=account.channel,
                account=account.id,
                person=step.person.identifier,
                id=message.id,
                answers=step.deed.id,
            )
        elif step.name in ("delivered", "read"):
            column = "delivered" if step.name == "delivered" else "seen"
            self._core.storage.execute(f"UPDATE unipile_messages SET {column} = 1 WHERE id = ?", found.id)
            self._report(account, self.find(found.id) or found, f"message_{step.name}")

    def find(self, id: str) -> Message | None:
        return next(iter(self._messages("id = ?", id)), None)

    def messages(self, condition: str, *values: object) -> list[Message]:
        """Return what the gateway has read, newest first."""
        return self._messages(f"hidden = 0 AND {condition}", *values)

    def chats(self, condition: str = "1", *values: object) -> list[Message]:
        """Return the newest message of each chat, newest first."""
        return self._messages(
            "hidden = 0 AND rowid IN (SELECT max(rowid) FROM unipile_messages WHERE hidden = 0 GROUP BY chat)"
            f" AND {condition}",
            *values,
        )

    def chat_json(self, newest: Message) -> dict[str, Any]:
        account = self._accounts.get(newest.account)
        person = self._people.person(newest.person)
        unread = self._messages("chat = ? AND sender = 'person' AND seen = 0 AND hidden = 0", newest.chat)
        return {
            "object": "Chat",
            "id": newest.chat,
            "account_id": account.id,
            "account_type": account.type,
            "provider_id": f"provider-{newest.chat}",
            "attendee_provider_id": provider_id(account.type, person.identifier),
            "attendee_public_identifier": person.identifier,
            "name": person.name if account.type != "LINKEDIN" else None,
            "type": 0,
            "timestamp": iso(newest.at),
            "unread_count": len(unread),
            "archived": 0,
            "muted_until": None,
            "read_only": 0,
            "folder": ["INBOX"],
        }

    def message_json(self, message: Message) -> dict[str, Any]:
        account = self._accounts.get(message.account)
        sender = message.person if message.sender == PERSON else account.identifier
        return {
            "object": "Message",
            "id": message.id,
            "account_id": account.id,
            "chat_id": message.chat,
            "chat_provider_id": f"provider-{message.chat}",
            "provider_id": f"provider-{message.id}",
            "sender_id": provider_id(account.type, sender),
            "sender_attendee_id": attendee_id(account.id, sender),
            "text": message.text,
            "timestamp": iso(message.at),
            "is_sender": int(message.sender == OWNER),
            "seen": int(message.seen),
            "delivered": int(message.delivered),
            "hidden": 0,
            "deleted": 0,
            "edited": 0,
            "is_event": 0,
            "attachments": [],
            "reactions": [],
        }

    def attendee_json(self, account: Account, identifier: str) -> dict[str, Any]:
        person = self._people.person(identifier)
        return {
            "object": "ChatAttendee",
            "id": attendee_id(account.id, identifier),
            "account_id": account.id,
            "provider_id": provider_id(account.type, identifier),
            "public_identifier": identifier,
            "name": person.name,
            "is_self": 0,
            "profile_url": profile_url(account.type, identifier),
        }

    def people_of(self, account: Account) -> list[str]:
        """Return with whom an account has chats."""
        rows = self._core.storage.rows(
            "SELECT DISTINCT person FROM unipile_messages WHERE account = ? AND hidden = 0 ORDER BY 1", account.id
        )
        return [person for (person,) in rows]

    def chat_of(self, id: str) -> tuple[Account, Person]:
        """Return whose chat it is. Raises Refused."""
        row = self._core.storage.row("SELECT account, person FROM unipile_messages WHERE chat = ? LIMIT 1", id)
        if row is None:
            raise refused("resource_not_found", "Chat not found.")
        return self._accounts.get(row[0]), self._people.person(row[1])

    def _add(self, account: Account, person: Person, sender: str, text: str, *, hidden: bool) -> Message:
        id = self._ledger.next_id("message", account.id, person.identifier)[:22]
        chat = attendee_id("chat", f"{account.id}:{person.identifier}")
        now = self._core.clock.now()
        message = _message((id, chat, account.id, person.identifier, sender, text, now, False, False, hidden))
        self._core.storage.execute(
            f"INSERT INTO unipile_messages ({COLUMNS}) VALUES ({', '.join('?' * 10)})", *vars(message).values()
        )
        return message

    def _messages(self, condition: str, *values: object) -> list[Message]:
        rows = self._core.storage.rows(
            f"SELECT {COLUMNS} FROM unipile_messages WHERE {condition} ORDER BY at DESC, rowid DESC", *values
        )
        return [_message(row) for row in rows]

    def _report(self, account: Account, message: Message, event: str) -> None:
        person, owner = self._people.person(message.person), Person(account.identifier, "", name=account.name)
        sender = person if message.sender == PERSON else owner
        body = {
            "account_id": account.id,
            "account_type": account.type,
            "account_info": {"type": account.type, "feature": "classic", "user_id": account.provider_id},
            "event": event,
            "chat_id": message.chat,
            "timestamp": iso(self._core.clock.now() if event != "message_received" else message.at),
            "message_id": message.id,
            "provider_message_id": f"provider-{message.id}",
            "provider_chat_id": f"provider-{message.chat}",
            "message": message.text,
            "sender": attendee(account.type, account.id, sender),
            "attendees": [attendee(account.type, account.id, person)],
            "attachments": [],
        }
        self._webhooks.report(
            "messaging", event, account.id, body, about=message.id, to=person.identifier, held=not account.ok
        )


def _deed(account: Account, message: Message) -> Deed:
    return Deed(
        *(message.id, PROTOCOL, account.channel, account.id, "message", message.person, message.text),
        message.chat,
        message.at,
    )


def _message(row: tuple[Any, ...]) -> Message:
    values: tuple[Any, ...] = (*row[:7], *map(bool, row[7:]))
    return Message(*values)
