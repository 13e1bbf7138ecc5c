"""What LAD asks of the gateway for one account. Call it outside any scope. https://developer.unipile.com

Every call may raise a GatewayError. Calls that act are asked for once and may raise AnswerLost.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from campaigns.gateways.unipile import records
from campaigns.gateways.unipile.records import (
    ChatMessage,
    Comment,
    Connection,
    Delivered,
    Person,
    Post,
    SentInvitation,
    identifier,
)
from campaigns.gateways.unipile.requests import act, items, path, read

# The longest list that is read: of newest connections, of open invitations, of messages after a gap.
MOST_PAGES: Final = 20
# The gateway has no call of its own for following on LinkedIn; this is what LinkedIn's own page asks for.
FOLLOWING: Final = "https://www.linkedin.com/voyager/api/feed/dash/followingStates/urn:li:fsd_followingState:"


@dataclass(frozen=True, slots=True)
class Gateway:
    """The gateway for the account with this id there."""

    account_id: str

    def person(self, name: str, *, visits: bool = False) -> Person:
        """Return somebody by their public identifier or id. They are told of a visit if it is one."""
        where = path("users", name)
        if visits:
            # A second request would be a second visit.
            return records.person(act("GET", where, query={"account_id": self.account_id, "notify": "true"}))
        return records.person(read(where, account_id=self.account_id, notify="false"))

    def invite(self, person_id: str, note: str = "") -> str:
        """Invite somebody to connect, on Instagram: follow them. Return the invitation's id."""
        body = {"account_id": self.account_id, "provider_id": person_id, **({"message": note} if note else {})}
        return identifier(act("POST", "users/invite", body).get("invitation_id"))

    def withdraw(self, invitation_id: str) -> None:
        """Withdraw an invitation."""
        act("DELETE", path("users", "invite", "sent", invitation_id), query={"account_id": self.account_id})

    def sent_invitations(self) -> Iterator[SentInvitation]:
        """Yield the invitations that nobody has answered, the newest first."""
        rows = items("users/invite/sent", pages=MOST_PAGES, account_id=self.account_id)
        return (records.sent_invitation(row) for row in rows)

    def connections(self) -> Iterator[Connection]:
        """Yield the people whom the account is connected with, the newest first."""
        rows = items("users/relations", pages=MOST_PAGES, account_id=self.account_id)
        return (records.connection(row) for row in rows)

    def follow(self, person_id: str) -> None:
        """Follow somebody on LinkedIn."""
        body = {
            "account_id": self.account_id,
            "method": "POST",
            "request_url": f"{FOLLOWING}urn:li:fsd_profile:{person_id}",
            "body": {"patch": {"$set": {"following": True}}},
            "encoding": False,
        }
        act("POST", "linkedin", body)

    def following(self) -> Iterator[str]:
        """Yield the ids of the people whom the account follows, the newest first."""
        rows = items("users/following", pages=2, account_id=self.account_id)
        return (identifier(row.get("provider_id") or row.get("member_id") or row.get("id")) for row in rows)

    def start_chat(self, attendee_id: str, text: str) -> Delivered:
        """Write to somebody with whom there is no chat yet."""
        parts = {"account_id": self.account_id, "attendees_ids": attendee_id, "text": text}
        return _delivered(act("POST", "chats", parts=parts), "")

    def write(self, chat_id: str, text: str) -> Delivered:
        """Write in a chat."""
        parts = {"account_id": self.account_id, "text": text}
        return _delivered(act("POST", path("chats", chat_id, "messages"), parts=parts), chat_id)

    def chats_with(self, attendee_id: str) -> list[str]:
        """Return the ids of the chats with somebody, the newest first."""
        found = read(path("chat_attendees", attendee_id, "chats"), account_id=self.account_id, limit=10)
        return [identifier(row.get("id")) for row in _rows(found) if row.get("account_id") in (None, self.account_id)]

    def messages_in(self, chat_id: str, *, after: datetime) -> list[ChatMessage]:
        """Return the newest messages of a chat since a time."""
        rows = items(path("chats", chat_id, "messages"), pages=2, after=_stamp(after))
        return [records.chat_message({"chat_id": chat_id, **row}) for row in rows]

    def messages_since(self, after: datetime) -> Iterator[ChatMessage]:
        """Yield all messages of the account since a time, the newest first."""
        rows = items("messages", pages=MOST_PAGES, account_id=self.account_id, after=_stamp(after))
        return (records.chat_message(row) for row in rows)

    def attendees_of(self, chat_id: str) -> list[str]:
        """Return the ids of the people in a chat other than the account's owner."""
        rows = _rows(read(path("chats", chat_id, "attendees")))
        return [identifier(row.get("provider_id")) for row in rows if row.get("is_self") not in (1, True)]

    def posts_of(self, person_id: str) -> list[Post]:
        """Return somebody's newest posts, the newest first."""
        found = read(path("users", person_id, "posts"), account_id=self.account_id, limit=10)
        return [records.post(row) for row in _rows(found) if not row.get("is_repost")]

    def like(self, post_id: str) -> None:
        """Like a post."""
        act("POST", "posts/reaction", {"account_id": self.account_id, "post_id": post_id, "reaction_type": "like"})

    def comment(self, post_id: str, text: str) -> str:
        """Comment on a post. Return the comment's id."""
        found = act("POST", path("posts", post_id, "comments"), {"account_id": self.account_id, "text": text})
        return identifier(found.get("comment_id"))

    def comments_on(self, post_id: str) -> list[Comment]:
        """Return the newest comments on a post."""
        found = read(path("posts", post_id, "comments"), account_id=self.account_id, limit=100)
        return [records.comment(row) for row in _rows(found)]

    def publish(self, text: str) -> str:
        """Publish a post of the account's owner. Return its id."""
        found = act("POST", "posts", parts={"account_id": self.account_id, "text": text})
        return identifier(found.get("post_id"))

    def me(self) -> Person:
        """Return the account's owner."""
        return records.person(read("users/me", account_id=self.account_id))

    def states(self) -> list[str]:
        """Return what the gateway says of the account's connections, such as ``OK`` or ``CREDENTIALS``."""
        sources = read(path("accounts", self.account_id)).get("sources")
        return [str(each.get("status") or "") for each in sources or () if isinstance(each, dict)]


def _rows(page: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    return (row for row in page.get("items") or () if isinstance(row, dict))


def _delivered(found: Mapping[str, Any], chat_id: str) -> Delivered:
    return Delivered(identifier(found.get("message_id")), identifier(found.get("chat_id")) or chat_id)


def _stamp(at: datetime) -> str:
    """Return a time as the gateway reads it: in UTC, with milliseconds."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03}Z"
