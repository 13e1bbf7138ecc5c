"""What the gateway says of people, chats, messages, invitations and posts. Everything it does not say is empty."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

MAX_ID: Final = 255
MAX_TEXT: Final = 200_000
# What is kept of a profile, for merge fields and for people.
PROFILE_FIELDS: Final = (
    *("first_name", "last_name", "headline", "location", "summary", "public_identifier", "is_premium"),
    *("network_distance", "follower_count", "connections_count"),
)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody on a network. ``writable_id`` is whom messages go to, where it is not ``provider_id``."""

    provider_id: str
    public_identifier: str
    name: str
    is_connected: bool
    is_invited: bool
    is_followed: bool
    writable_id: str
    profile: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Connection:
    """Somebody who is connected with the account, and since when."""

    provider_id: str
    public_identifier: str
    since: datetime | None


@dataclass(frozen=True, slots=True)
class SentInvitation:
    """An invitation of the account that nobody has answered."""

    id: str
    provider_id: str
    public_identifier: str
    text: str
    sent_at: datetime | None


@dataclass(frozen=True, slots=True)
class Delivered:
    """What the gateway called a message that it has sent."""

    message_id: str
    chat_id: str


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """A message in a chat. ``sender_id`` is the person who wrote it."""

    id: str
    chat_id: str
    sender_id: str
    is_own: bool
    text: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Post:
    """A post of somebody. ``id`` is what reactions and comments name."""

    id: str
    takes_reactions: bool
    takes_comments: bool
    is_liked: bool
    text: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment on a post. ``author_id`` is empty if the network does not say who wrote it."""

    author_id: str
    text: str
    at: datetime | None


def person(value: Mapping[str, Any]) -> Person:
    """Return a person from a profile."""
    invitation = value.get("invitation")
    invited = isinstance(invitation, dict) and (invitation.get("type"), invitation.get("status")) == ("SENT", "PENDING")
    provider_id = identifier(value.get("provider_id"))
    status = value.get("relationship_status")
    return Person(
        provider_id=provider_id,
        public_identifier=identifier(value.get("public_identifier")),
        name=text(value.get("name") or value.get("full_name"), MAX_ID)
        or f"{text(value.get('first_name'), MAX_ID)} {text(value.get('last_name'), MAX_ID)}".strip(),
        is_connected=value.get("network_distance") in ("FIRST_DEGREE", "DISTANCE_1")
        or value.get("is_relationship") is True,
        is_invited=bool(invited),
        is_followed=bool(isinstance(status, dict) and status.get("following")),
        writable_id=identifier(value.get("provider_messaging_id")) or provider_id,
        profile={name: value[name] for name in PROFILE_FIELDS if value.get(name) not in (None, "")},
    )


def connection(value: Mapping[str, Any]) -> Connection:
    """Return somebody from the list of connections."""
    return Connection(
        identifier(value.get("member_id")), identifier(value.get("public_identifier")), moment(value.get("created_at"))
    )


def sent_invitation(value: Mapping[str, Any]) -> SentInvitation:
    """Return an invitation from the list of those that were sent."""
    return SentInvitation(
        identifier(value.get("id")),
        identifier(value.get("invited_user_id")),
        identifier(value.get("invited_user_public_id")),
        text(value.get("invitation_text")),
        moment(value.get("parsed_datetime") or value.get("date")),
    )


def chat_message(value: Mapping[str, Any]) -> ChatMessage:
    """Return a message from a list of messages."""
    return ChatMessage(
        id=identifier(value.get("id")),
        chat_id=identifier(value.get("chat_id")),
        sender_id=identifier(value.get("sender_id")),
        is_own=value.get("is_sender") in (1, True),
        text=text(value.get("text")),
        at=moment(value.get("timestamp")),
    )


def post(value: Mapping[str, Any]) -> Post:
    """Return a post from the list of somebody's posts."""
    permissions = value.get("permissions")
    allowed = permissions if isinstance(permissions, dict) else {}
    return Post(
        id=identifier(value.get("social_id") or value.get("id")),
        takes_reactions=allowed.get("can_react") is not False,
        takes_comments=allowed.get("can_post_comments") is not False,
        is_liked=bool(value.get("user_reacted")),
        text=text(value.get("text")),
        at=moment(value.get("parsed_datetime")),
    )


def comment(value: Mapping[str, Any]) -> Comment:
    """Return a comment from the list of a post's comments."""
    author = value.get("author_details")
    return Comment(
        author_id=identifier(author.get("id")) if isinstance(author, dict) else "",
        text=text(value.get("text")),
        at=moment(value.get("date")),
    )


def identifier(value: object) -> str:
    """Return an id as text, or an empty string if it is none that can be kept."""
    found = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    return found if len(found) <= MAX_ID else ""


def text(value: object, limit: int = MAX_TEXT) -> str:
    """Return a text without what cannot be stored."""
    return value.replace("\x00", "")[:limit] if isinstance(value, str) else ""


def moment(value: object) -> datetime | None:
    """Return a time given as ISO 8601 or as milliseconds, or None."""
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value / 1000, UTC)
        found = datetime.fromisoformat(str(value))
    except (ValueError, OverflowError, OSError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
