"""What the gateway's refusals mean. https://developer.unipile.com/docs/provider-limits-and-restrictions"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog

from campaigns.accounts.models import AccountStatus
from campaigns.gateways.unipile.errors import (
    AccountTrouble,
    AnswerLost,
    GatewayDown,
    GatewayError,
    KeyRefused,
    LimitMet,
    Refused,
)
from lad.requests import Answer, Asked

# Said about the key of the installation, not about an account.
ABOUT_THE_KEY: Final = frozenset({"missing_credentials", "invalid_api_key", "unauthorized", "insufficient_privileges"})
SIGN_IN_AGAIN: Final = "The network has signed this account out. Connect it again."
CONFIRM: Final = "The network asks for a confirmation. Connect the account again and confirm it."
RESTRICTED: Final = "The network has restricted this account. Open it there, and do what it asks for."
GONE: Final = "The gateway does not know this account any more. Connect it again."
TROUBLES: Final[Mapping[str, tuple[AccountStatus, str]]] = {
    "checkpoint_error": (AccountStatus.CHECKPOINT, CONFIRM),
    "action_required": (AccountStatus.CHECKPOINT, CONFIRM),
    "account_restricted": (AccountStatus.ERROR, RESTRICTED),
    "account_mismatch": (AccountStatus.EXPIRED, SIGN_IN_AGAIN),
    "session_mismatch": (AccountStatus.EXPIRED, SIGN_IN_AGAIN),
    "unknown_authentication_context": (AccountStatus.EXPIRED, SIGN_IN_AGAIN),
    "invalid_account": (AccountStatus.DISCONNECTED, GONE),
}
# The network counts these by week, and what is left by day.
LIMITS_OF_A_WEEK: Final = frozenset({"cannot_resend_yet", "connection_limit_reached", "limit_exceeded"})
LIMITS_OF_A_DAY: Final = frozenset({"cannot_resend_within_24hrs"})
LIMITS: Final = LIMITS_OF_A_WEEK | LIMITS_OF_A_DAY
# The gateway had no connection to the network, so that nothing was sent.
NOT_TAKEN_UP: Final = frozenset({"no_client_session", "no_channel", "no_handler"})
WORDS: Final[Mapping[str, str]] = {
    "already_connected": "The account and this person are connected already.",
    "already_invited_recently": "This person has an invitation of the account already.",
    "action_already_performed": "The account has done this already.",
    "no_connection_with_recipient": "The account and this person are not connected, so the network takes no message.",
    "blocked_recipient": "This person has blocked the account.",
    "user_unreachable": "The network does not let the account reach this person.",
    "invalid_recipient": "The network does not know this person.",
    "resource_not_found": "The network does not have this any more, or never had it.",
    "invalid_resource_identifier": "The network does not know this person.",
    "cannot_invite_attendee": "The network does not let the account invite this person.",
    "comments_disabled": "The author takes no comments on this post.",
    "invalid_post": "The network does not take this post.",
    "invalid_message": "The network does not take this text.",
    "not_allowed_inmail": "The network takes a message to somebody who is not connected only with InMail.",
    "insufficient_credits": "The account has no InMail credits left.",
    "subscription_required": "The network offers this to paid accounts only.",
    "feature_not_subscribed": "The network offers this to paid accounts only.",
    "resource_access_restricted": "The network does not let the account see this person.",
    "insufficient_permissions": "The account lacks the permission for this.",
    "feature_not_implemented": "The gateway cannot do this on this network.",
    "too_many_characters": "The text is longer than the network takes.",
    "content_too_large": "The text is longer than the network takes.",
}
NO_REASON: Final = "The network did not take this, and did not say why."

log = structlog.get_logger("lad.campaigns.gateway")


def refusal(asked: Asked, answer: Answer) -> GatewayError:
    """Return the error for an answer that is no success, and log it."""
    slug = _slug(answer)
    error = _error(asked, answer, slug)
    log.info("gateway refused", request=_path(asked), outcome=error.code, status=answer.status, reason=slug)
    return error


def _error(asked: Asked, answer: Answer, slug: str) -> GatewayError:
    status = answer.status
    if status == 401 and slug in ABOUT_THE_KEY:
        return KeyRefused()
    if slug in TROUBLES:
        account_status, words = TROUBLES[slug]
        return AccountTrouble(words, account_status)
    if status == 401:
        return AccountTrouble(SIGN_IN_AGAIN, AccountStatus.EXPIRED)
    if status == 404 and "account" in str(answer.json.get("detail") or answer.json.get("title") or "").lower():
        return AccountTrouble(GONE, AccountStatus.DISCONNECTED)
    if status == 429 or slug in LIMITS:
        return LimitMet(slug, period=_period(slug), until=_until(answer))
    if status == 501:
        return Refused(WORDS["feature_not_implemented"], slug)
    if status >= 500:
        taken_up = asked.once and slug not in NOT_TAKEN_UP
        # A gateway that failed may have done what it was asked before it did.
        return AnswerLost() if taken_up else GatewayDown()
    return Refused(WORDS.get(slug, NO_REASON), slug)


def _slug(answer: Answer) -> str:
    return str(answer.json.get("type") or "").rpartition("/")[2][:100]


def _period(slug: str) -> str:
    if slug in LIMITS_OF_A_WEEK:
        return "week"
    return "day" if slug in LIMITS_OF_A_DAY else ""


def _until(answer: Answer) -> datetime | None:
    seconds = answer.retry_after(-1)
    return datetime.now(UTC) + timedelta(seconds=seconds) if seconds >= 0 else None


def _path(asked: Asked) -> str:
    """Return the kind of a request without the ids in it."""
    parts = asked.url.partition("/api/v1/")[2].partition("?")[0].split("/")
    return f"{asked.method} {parts[0]}/…/{parts[-1]}" if len(parts) > 1 else f"{asked.method} {parts[0]}"
