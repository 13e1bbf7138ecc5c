"""Like and comment on somebody's newest post, and publish posts of the account's owner."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from campaigns.channels.gateway.chats import CLOCKS_DIFFER
from campaigns.channels.gateway.people import Recipient
from campaigns.channels.gateway.session import Doing
from campaigns.channels.protocol import Found
from campaigns.channels.receiving.own import same_words
from campaigns.gateways.unipile.client import Gateway
from campaigns.gateways.unipile.errors import Refused
from campaigns.gateways.unipile.records import Comment, Post
from campaigns.messages.models import Message

NO_POST: Final = "This person has published nothing that the account can like."
NO_OPEN_POST: Final = "This person has published nothing that the account can comment on."
NO_WORDS: Final = "The post has no text."


def like(doing: Doing, recipient: Recipient) -> Mapping[str, Any]:
    """Like the person's newest post. One that is liked already counts. Raises a GatewayError."""
    posts = _to_react_to(doing.gateway, recipient)
    if not posts:
        raise Refused(NO_POST, "no_post")
    post = posts[0]
    if not post.is_liked:
        _once(lambda: doing.gateway.like(post.id))
    return {"post_id": post.id, "person_id": recipient.id, "already": post.is_liked}


def comment(doing: Doing, recipient: Recipient) -> Mapping[str, Any]:
    """Comment on the person's newest post. Raises a GatewayError."""
    posts = _to_comment_on(doing.gateway, recipient)
    if not posts:
        raise Refused(NO_OPEN_POST, "no_post")
    post = posts[0]
    comment_id = doing.gateway.comment(post.id, doing.message.body)
    facts = {"post_id": post.id, "person_id": recipient.id, "provider_id": comment_id}
    return {name: value for name, value in facts.items() if value}


def publish(doing: Doing) -> Mapping[str, Any]:
    """Publish a post of the account's owner. Raises a GatewayError."""
    if not doing.message.body.strip():
        raise Refused(NO_WORDS, "invalid_post")
    post_id = doing.gateway.publish(doing.message.body)
    return {"provider_id": post_id, "post_id": post_id} if post_id else {}


def find_like(gateway: Gateway, recipient: Recipient, message: Message) -> Found:
    """Return whether the account likes a post that was the newest at the attempt. Raises a GatewayError."""
    posts = _newest_since(message.begun_at, _to_react_to(gateway, recipient))
    # Some networks do not say whether the account likes a post.
    return Found.SENT if any(each.is_liked for each in posts) else Found.NOT_KNOWN


def find_comment(gateway: Gateway, recipient: Recipient, message: Message) -> Found:
    """Look for the account's comment on a post that was the newest at the attempt, by its words and time.

    Others may have commented with the same words. Raises a GatewayError.
    """
    posts = _newest_since(message.begun_at, _to_comment_on(gateway, recipient))
    if not posts:
        return Found.NOT_KNOWN
    said = [each for post in posts for each in gateway.comments_on(post.id) if _may_be(message, each)]
    own = ("", gateway.me().provider_id) if said else ()
    return Found.SENT if any(each.author_id in own for each in said) else Found.NOT_SENT


def find_post(gateway: Gateway, message: Message) -> Found:
    """Look for a post of the account's owner, by its words and time. Raises a GatewayError."""
    posts = gateway.posts_of(gateway.me().provider_id)
    return Found.SENT if any(_may_be(message, each) for each in posts) else Found.NOT_SENT


def _may_be(message: Message, said: Post | Comment) -> bool:
    return same_words(message.body, said.text) and not _is_before(message.begun_at, said)


def _is_before(moment: datetime | None, said: Post | Comment) -> bool:
    return moment is not None and said.at is not None and said.at < moment - CLOCKS_DIFFER


def _to_react_to(gateway: Gateway, recipient: Recipient) -> list[Post]:
    return [each for each in gateway.posts_of(recipient.network_id) if each.takes_reactions]


def _to_comment_on(gateway: Gateway, recipient: Recipient) -> list[Post]:
    return [each for each in gateway.posts_of(recipient.network_id) if each.takes_comments]


def _newest_since(moment: datetime | None, posts: Sequence[Post]) -> Sequence[Post]:
    """Return those that were the newest at the moment or later, of posts of which the newest comes first.

    Somebody may publish between LAD's attempt and its look.
    """
    before = (place for place, each in enumerate(posts) if _is_before(moment, each))
    return posts[: next(before, len(posts)) + 1]


def _once(act: Callable[[], object]) -> None:
    """Do something that counts as done if it was done before."""
    try:
        act()
    except Refused as error:
        if error.kind != "action_already_performed":
            raise
