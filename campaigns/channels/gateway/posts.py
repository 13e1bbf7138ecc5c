"""Like and comment on somebody's newest post, and publish posts of the account's owner."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from campaigns.channels.gateway.people import Recipient
from campaigns.channels.gateway.session import Doing
from campaigns.channels.protocol import Found
from campaigns.channels.receiving.own import same_words
from campaigns.gateways.unipile.client import Gateway
from campaigns.gateways.unipile.errors import Refused
from campaigns.gateways.unipile.records import Post
from campaigns.messages.models import Message

NO_POST: Final = "This person has published nothing that the account can like."
NO_OPEN_POST: Final = "This person has published nothing that the account can comment on."
NO_WORDS: Final = "The post has no text."


def like(doing: Doing, recipient: Recipient) -> Mapping[str, Any]:
    """Like the person's newest post. One that is liked already counts. Raises a GatewayError."""
    post = next((each for each in doing.gateway.posts_of(recipient.network_id) if each.takes_reactions), None)
    if post is None:
        raise Refused(NO_POST, "no_post")
    if not post.is_liked:
        _once(lambda: doing.gateway.like(post.id))
    return {"post_id": post.id, "person_id": recipient.id, "already": post.is_liked}


def comment(doing: Doing, recipient: Recipient) -> Mapping[str, Any]:
    """Comment on the person's newest post. Raises a GatewayError."""
    post = _newest_open(doing.gateway, recipient)
    if post is None:
        raise Refused(NO_OPEN_POST, "no_post")
    comment_id = doing.gateway.comment(post.id, doing.message.body)
    facts = {"post_id": post.id, "person_id": recipient.id, "provider_id": comment_id}
    return {name: value for name, value in facts.items() if value}


def publish(doing: Doing) -> Mapping[str, Any]:
    """Publish a post of the account's owner. Raises a GatewayError."""
    if not doing.message.body.strip():
        raise Refused(NO_WORDS, "invalid_post")
    post_id = doing.gateway.publish(doing.message.body)
    return {"provider_id": post_id, "post_id": post_id} if post_id else {}


def find_like(gateway: Gateway, recipient: Recipient) -> Found:
    """Return whether the account likes the person's newest post. Raises a GatewayError."""
    post = next((each for each in gateway.posts_of(recipient.network_id) if each.takes_reactions), None)
    if post is None:
        return Found.NOT_KNOWN
    # Some networks do not say whether the account likes a post.
    return Found.SENT if post.is_liked else Found.NOT_KNOWN


def find_comment(gateway: Gateway, recipient: Recipient, message: Message) -> Found:
    """Look for a comment on the person's newest post, by its words. Raises a GatewayError."""
    post = _newest_open(gateway, recipient)
    if post is None:
        return Found.NOT_KNOWN
    said = gateway.comments_on(post.id)
    return Found.SENT if any(same_words(message.body, str(each.get("text") or "")) for each in said) else Found.NOT_SENT


def find_post(gateway: Gateway, message: Message) -> Found:
    """Look for a post of the account's owner, by its words. Raises a GatewayError."""
    posts = gateway.posts_of(gateway.me().provider_id)
    return Found.SENT if any(same_words(message.body, each.text) for each in posts) else Found.NOT_SENT


def _newest_open(gateway: Gateway, recipient: Recipient) -> Post | None:
    return next((each for each in gateway.posts_of(recipient.network_id) if each.takes_comments), None)


def _once(act: Callable[[], object]) -> None:
    """Do something that counts as done if it was done before."""
    try:
        act()
    except Refused as error:
        if error.kind != "action_already_performed":
            raise
