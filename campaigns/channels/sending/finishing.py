"""Finish messages that were accepted: their last state and what the features above do about it, many at once.

That a server has accepted a message is recorded the moment it says so. All the rest follows for a whole batch in one
transaction. Whoever writes the last state tells the features, so each result is told once. What a sender has left
that died is finished by ``recovery``.
"""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

import structlog
from django.db import DatabaseError

from campaigns.channels.sending.account_kinds import account_kind_of, account_of
from campaigns.channels.sending.follow_ups import FOLLOW_UP_AFTER, tell
from campaigns.messages.models import Message, MessageState
from lad.db.queries import rows
from lad.tenancy.context import tenant_context

# When the copy of a sent message is made, unless the server has made one by then.
COPY_AFTER: Final = timedelta(seconds=30)
WRITES_TRIED: Final = 3
Written = TypeVar("Written")

FINISH: Final = """
WITH given AS (
    SELECT * FROM json_to_recordset(%(given)s)
        AS given (id uuid, attempts integer, accepted_at timestamptz, facts jsonb)
), held AS (
    SELECT messages.id, given.accepted_at, given.facts
    FROM given JOIN messages ON messages.tenant_id = %(tenant)s AND messages.id = given.id
        AND messages.attempts = given.attempts AND messages.state IN ('sending', 'unknown')
    ORDER BY messages.id FOR NO KEY UPDATE OF messages
)
UPDATE messages SET state = 'sent', error = '', lease_until = NULL, next_attempt_at = NULL,
    occurred_at = held.accepted_at, accepted_at = held.accepted_at, metadata = metadata || held.facts,
    copy_due_at = statement_timestamp() + %(copy_after)s::interval,
    follow_up_due_at = statement_timestamp() + %(follow_up_after)s::interval
FROM held WHERE messages.tenant_id = %(tenant)s AND messages.id = held.id
RETURNING messages.id
"""

log = structlog.get_logger("lad.campaigns.sending")


@dataclass(frozen=True, slots=True)
class Accepted:
    """A message that its server has accepted, when that was, and what the server said about it."""

    message: Message
    at: datetime
    facts: dict[str, Any] = field(default_factory=dict)


def finish(accepted: Sequence[Accepted]) -> None:
    """Write that messages of one account were sent, and tell the features above, in one transaction.

    A result that comes too late is left out. If a feature fails, it is told later.
    """
    if not accepted:
        return
    first = accepted[0].message

    def write(with_hooks: bool) -> None:
        with tenant_context(first.tenant_id):
            kind, account = account_kind_of(first), account_of(first)
            sent = _write(accepted, copied=bool(kind and account and kind.needs_copy(account)), told=with_hooks)
            if kind and account and kind.is_recovering(account):
                kind.record_success(account)
            if with_hooks and sent:
                tell(sent)

    surely(write, first)


def surely(write: Callable[[bool], Written], message: Message) -> Written:
    """Run the write, again if the database refused it. A message that was sent must not stay without its result.

    If a feature above keeps failing, the result is written without it, and the feature is told later.
    """
    for attempt in range(WRITES_TRIED):
        try:
            return write(True)
        except DatabaseError:
            log.warning("the result of a message was not written", message=str(message.pk), exc_info=True)
            time.sleep(0.05 * attempt)
        except Exception:
            log.exception("a feature failed when it was told of a message", message=str(message.pk))
    return write(False)


def _write(accepted: Sequence[Accepted], *, copied: bool, told: bool) -> list[Message]:
    """Write the last state. Return the messages about which their attempts still had a say."""
    given = [
        {
            "id": str(each.message.pk),
            "attempts": each.message.attempts,
            "accepted_at": each.at.isoformat(),
            "facts": each.facts,
        }
        for each in accepted
    ]
    values = {
        "given": json.dumps(given),
        "tenant": accepted[0].message.tenant_id,
        "copy_after": COPY_AFTER if copied else None,
        "follow_up_after": None if told else FOLLOW_UP_AFTER,
    }
    written = {key for (key,) in rows(FINISH, values)}
    for each in accepted:
        if each.message.pk in written:
            _note(each)
        else:
            log.warning("a result came too late", message=str(each.message.pk), state=MessageState.SENT)
    return [each.message for each in accepted if each.message.pk in written]


def _note(accepted: Accepted) -> None:
    """Keep what was written on the message in hand."""
    message = accepted.message
    message.state, message.error, message.lease_until = MessageState.SENT, "", None
    message.occurred_at = message.accepted_at = accepted.at
    message.metadata = {**message.metadata, **accepted.facts}
