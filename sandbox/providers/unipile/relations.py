"""Invitations, who accepted them, and how late the gateway learns of it.

The log has ``network_accepted`` and ``network_declined``. An acceptance is reported as ``new_relation`` up to eight
hours late; one of an invitation with a note also begins a chat with the note, of which the gateway learns at once.
"""

from dataclasses import dataclass
from typing import Any, Final

from sandbox.core import Core
from sandbox.networks.ledger import DAY, WEEK, Deed, Ledger
from sandbox.networks.limits import Limits
from sandbox.networks.people import People, Person
from sandbox.networks.reactions import HOUR, MINUTE
from sandbox.providers.unipile.accounts import Account, Accounts
from sandbox.providers.unipile.chats import Chats
from sandbox.providers.unipile.errors import refused
from sandbox.providers.unipile.identities import profile_url, provider_id
from sandbox.providers.unipile.moments import iso
from sandbox.providers.unipile.webhooks import PROTOCOL, Webhooks
from sandbox.schedule import Action

DECIDE: Final = "unipile-invitation"
REPORT: Final = "unipile-relation"
ACCEPT_SECONDS: Final = {"accepts": (2 * MINUTE, 45 * MINUTE), "accepts_late": (4 * HOUR, 8 * HOUR)}
USUAL_SECONDS: Final = (5 * MINUTE, 2 * HOUR)
DECLINE_SECONDS: Final = (10 * MINUTE, 5 * HOUR)
REPORT_SECONDS: Final = (10 * MINUTE, 8 * HOUR)
# How long the network does not let somebody be invited again.
RESEND_SECONDS: Final = 3 * WEEK
LIMITS: Final = {True: {"day": 100, "week": 200}, False: {"day": 100, "week": 150}}
NOTES: Final[dict[bool, dict[str, int]]] = {True: {}, False: {"month": 5}}
NOTE_LETTERS: Final = {True: 300, False: 200}
COLUMNS: Final = "id, account, person, note, at, state"


@dataclass(frozen=True)
class Invitation:
    id: str
    account: str
    person: str
    note: str
    at: float
    state: str


class Relations:
    """Invitations and relations of all accounts, in the storage."""

    def __init__(
        self,
        core: Core,
        people: People,
        ledger: Ledger,
        limits: Limits,
        *,
        accounts: Accounts,
        chats: Chats,
        webhooks: Webhooks,
    ) -> None:
        self._core, self._people, self._ledger, self._limits = core, people, ledger, limits
        self._accounts, self._chats, self._webhooks = accounts, chats, webhooks
        core.storage.create(
            "unipile_invitations",
            "id TEXT PRIMARY KEY, account TEXT, person TEXT, note TEXT, at REAL, state TEXT, ended REAL",
            index="account, person",
        )
        core.storage.create(
            "unipile_relations",
            "account TEXT, person TEXT, at REAL, hidden INTEGER, PRIMARY KEY (account, person)",
        )
        core.schedule.handle(DECIDE, self._decide)
        core.schedule.handle(REPORT, self._report)

    def invite(self, account: Account, person: Person, note: str) -> Invitation:
        """Invite somebody. Raises Refused."""
        premium = bool(account.info.get("premium"))
        now = self._core.clock.now()
        id = self._ledger.next_id("invitation", account.id, person.identifier)[:22]
        deed = Deed(id, PROTOCOL, account.channel, account.id, "invitation", person.identifier, note, "", now)
        if (problem := self._problem(account, person, note, premium=premium)) is not None:
            self._ledger.refuse(deed, problem[0], note=bool(note))
            raise refused(problem[0], problem[1], status=problem[2])
        self._core.storage.execute(
            "INSERT INTO unipile_invitations VALUES (?, ?, ?, ?, ?, 'pending', NULL)",
            *(id, account.id, person.identifier, note, now),
        )
        self._ledger.record(deed, note=bool(note))
        chance = self._core.chance("invitation", account.id, person.identifier, id)
        if person.accepts:
            self._plan(id, "accepted", chance.uniform(*ACCEPT_SECONDS.get(person.behaviour, USUAL_SECONDS)))
        elif person.behaviour == "declines":
            self._plan(id, "declined", chance.uniform(*DECLINE_SECONDS))
        return Invitation(id, account.id, person.identifier, note, now, "pending")

    def withdraw(self, account: Account, id: str) -> None:
        """Take an open invitation back. Raises Refused."""
        found = self._invitations("id = ? AND account = ? AND state = 'pending'", id, account.id)
        if not found:
            raise refused("resource_not_found", "There is no such open invitation.")
        self._end(id, "withdrawn")
        now = self._core.clock.now()
        deed_id = self._ledger.next_id("withdrawal", id)[:22]
        self._ledger.record(
            Deed(deed_id, PROTOCOL, account.channel, account.id, "withdrawal", found[0].person, "", id, now)
        )

    def pending(self, account: Account) -> list[dict[str, Any]]:
        """Return open invitations, newest first."""
        found = self._invitations("account = ? AND state = 'pending'", account.id)
        return [self._invitation_json(account, each) for each in found]

    def state_of(self, account: Account, person: str) -> str:
        """Return ``connected``, ``pending``, or nothing."""
        if self.connected(account.id, person):
            return "connected"
        found = self._invitations("account = ? AND person = ? AND state = 'pending'", account.id, person)
        return "pending" if found else ""

    def connected(self, account: str, person: str) -> bool:
        row = self._core.storage.row(
            "SELECT 1 FROM unipile_relations WHERE account = ? AND person = ?", account, person
        )
        return row is not None

    def connect(self, account: Account, person: str) -> None:
        """Let two be connected, whoever invited whom."""
        self._core.storage.execute(
            "INSERT OR IGNORE INTO unipile_relations VALUES (?, ?, ?, ?)",
            *(account.id, person, self._core.clock.now(), int(not account.ok)),
        )

    def listed(self, account: Account) -> list[dict[str, Any]]:
        """Return who is connected, newest first, as far as the gateway has read it."""
        rows = self._core.storage.rows(
            "SELECT person, at FROM unipile_relations WHERE account = ? AND hidden = 0 ORDER BY at DESC, rowid DESC",
            account.id,
        )
        return [_relation_json(account, self._people.person(person), at) for person, at in rows]

    def _problem(
        self, account: Account, person: Person, note: str, *, premium: bool
    ) -> tuple[str, str, int | None] | None:
        """Return why somebody cannot be invited: the error, its words, and a status that is not the error's own."""
        told = person.identifier
        if len(note) > NOTE_LETTERS[premium]:
            return "too_many_characters", "The provided content exceeds the character limit.", None
        if person.behaviour == "wrong_number" or told == account.identifier:
            return "invalid_recipient", "This user cannot be invited.", None
        if self._ledger.closed(account.channel, account.id, told):
            return "recipient_cannot_be_reached", "This user cannot be invited.", None
        if self.connected(account.id, told):
            return "already_connected", "You are already connected to this user.", None
        since = self._core.clock.now() - RESEND_SECONDS
        before = self._invitations("account = ? AND person = ? AND at > ?", account.id, told, since)
        if any(each.state == "pending" for each in before):
            return "already_invited_recently", "An invitation has already been sent recently.", 409
        if before:
            return "already_invited_recently", "An invitation to this user was answered or withdrawn recently.", None
        settings = self._limits.settings(account.id)
        if window := self._limits.exceeded(account.id, "invitation", ("invitation",), LIMITS[premium]):
            status = settings.get("limit_status")
            name = "too_many_requests" if status == 429 else "cannot_resend_yet"
            return name, f"You have reached a temporary provider limit ({window}).", status
        if note and (window := self._limits.notes_exceeded(account.id, NOTES[premium])):
            return "limit_exceeded", f"No more personalised invitations in this {window}.", None
        return None

    async def _decide(self, action: Action) -> None:
        found = self._invitations("id = ? AND state = 'pending'", action.data["id"])
        if not found:
            return
        invitation, how = found[0], action.data["how"]
        self._end(invitation.id, how)
        facts = {"account": invitation.account, "person": invitation.person, "id": invitation.id}
        self._core.log.write(f"network_{how}", protocol=PROTOCOL, **facts)
        row = self._core.storage.row("SELECT 1 FROM unipile_accounts WHERE id = ?", invitation.account)
        if how != "accepted" or row is None:
            return
        account = self._accounts.get(invitation.account)
        self.connect(account, invitation.person)
        if invitation.note:
            self._chats.begin_with_note(account, self._people.person(invitation.person), invitation.note)
        chance = self._core.chance("relation-report", invitation.id)
        data = {"account": account.id, "person": invitation.person, "id": invitation.id}
        self._core.schedule.plan(REPORT, after=chance.uniform(*REPORT_SECONDS), data=data)

    async def _report(self, action: Action) -> None:
        data = action.data
        if self._core.storage.row("SELECT 1 FROM unipile_accounts WHERE id = ?", data["account"]) is None:
            return
        account, person = self._accounts.get(data["account"]), self._people.person(data["person"])
        body = {
            "event": "new_relation",
            "account_id": account.id,
            "account_type": account.type,
            "user_full_name": person.name,
            "user_provider_id": provider_id(account.type, person.identifier),
            "user_public_identifier": person.identifier,
            "user_profile_url": profile_url(account.type, person.identifier),
            "user_picture_url": None,
        }
        self._webhooks.report(
            "users", "new_relation", account.id, body, about=data["id"], to=person.identifier, held=not account.ok
        )

    def _end(self, id: str, how: str) -> None:
        self._core.storage.execute(
            "UPDATE unipile_invitations SET state = ?, ended = ? WHERE id = ?", how, self._core.clock.now(), id
        )

    def _plan(self, id: str, how: str, after: float) -> None:
        self._core.schedule.plan(DECIDE, after=after, data={"id": id, "how": how})

    def _invitations(self, condition: str, *values: object) -> list[Invitation]:
        rows = self._core.storage.rows(
            f"SELECT {COLUMNS} FROM unipile_invitations WHERE {condition} ORDER BY at DESC, rowid DESC", *values
        )
        return [Invitation(*row) for row in rows]

    def _invitation_json(self, account: Account, invitation: Invitation) -> dict[str, Any]:
        person = self._people.person(invitation.person)
        days = int((self._core.clock.now() - invitation.at) // DAY)
        return {
            "object": "InvitationSent",
            "id": invitation.id,
            "invited_user": person.name,
            "invited_user_id": provider_id(account.type, person.identifier),
            "invited_user_public_id": person.identifier,
            "invited_user_description": "",
            "date": "Sent today" if days == 0 else f"Sent {days} days ago",
            "parsed_datetime": iso(invitation.at),
            "invitation_text": invitation.note or None,
            "inviter": {
                "inviter_name": account.name,
                "inviter_id": account.provider_id,
                "inviter_public_identifier": account.identifier,
                "inviter_description": "",
            },
        }


def _relation_json(account: Account, person: Person, at: float) -> dict[str, Any]:
    member = provider_id(account.type, person.identifier)
    return {
        "object": "UserRelation",
        "connection_urn": f"urn:li:fsd_connection:{member}",
        "created_at": int(at * 1000),
        "first_name": person.first_name,
        "last_name": person.last_name,
        "headline": "",
        "member_id": member,
        "member_urn": f"urn:li:member:{member}",
        "public_identifier": person.identifier,
        "public_profile_url": profile_url(account.type, person.identifier),
        "profile_picture_url": None,
    }
