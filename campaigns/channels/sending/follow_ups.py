"""Tell the features above of results: many in one transaction, each result once.

A sender does so when it finishes a batch. What a feature has refused then is told again later.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import structlog
from django.db import connection
from django.db.models.functions import Now

from campaigns.messages import hooks
from campaigns.messages.models import Message, MessageState
from lad.batches import apply_batch
from lad.tenancy.context import platform_context, tenant_context

# When a feature that failed is told again.
FOLLOW_UP_AFTER: Final = timedelta(minutes=1)
# After it has failed once more.
RETRY_AFTER: Final = timedelta(minutes=10)
BATCH_SIZE: Final = 200

# Pausing and stopping lock the campaign before its enrolments, so the campaigns come first here, too.
LOCK_CAMPAIGNS: Final = "SELECT FROM campaigns WHERE tenant_id = %s AND id = ANY(%s) ORDER BY id FOR KEY SHARE"
TAKE: Final = """
WITH due AS (
    SELECT id FROM messages WHERE tenant_id = %s AND id = ANY(%s) AND follow_up_due_at IS NOT NULL
    ORDER BY id FOR NO KEY UPDATE
)
UPDATE messages SET follow_up_due_at = NULL FROM due WHERE messages.tenant_id = %s AND messages.id = due.id
RETURNING messages.id
"""

log = structlog.get_logger("lad.campaigns.sending")


def tell(messages: Sequence[Message]) -> None:
    """Tell the features above of messages of one tenant that have their last state, in the current transaction."""
    # A message that failed may halt its campaign, for which it is locked anew.
    sent = {each.campaign_id for each in messages if each.state == MessageState.SENT and each.campaign_id}
    if sent:
        with connection.cursor() as cursor:
            cursor.execute(LOCK_CAMPAIGNS, [messages[0].tenant_id, sorted(sent)])
    hooks.settled(messages)


def follow_up(messages: Sequence[Message]) -> None:
    """Tell the features above of messages of one tenant, in one transaction of its own.

    Those that were told of already are left out. Raises what a feature raises; then nothing has happened.
    """
    if not messages:
        return
    tenant_id = messages[0].tenant_id
    with tenant_context(tenant_id):
        with connection.cursor() as cursor:
            cursor.execute(TAKE, [tenant_id, [each.pk for each in messages], tenant_id])
            taken = {row[0] for row in cursor.fetchall()}
        tell([each for each in messages if each.pk in taken])


def has_work() -> bool:
    """Return whether a result was not passed on. Needs a platform scope."""
    return bool(_due().exists())


def follow_up_missed() -> int:
    """Tell of the results that a feature has refused. Return how many results were looked at.

    Those for which a feature fails are tried again later, each by itself.
    """
    by_tenant: dict[UUID, list[Message]] = defaultdict(list)
    with platform_context():
        # So long no other worker takes them.
        rows = list(_due().order_by("follow_up_due_at").select_for_update(no_key=True, skip_locked=True)[:BATCH_SIZE])
        _postpone(rows)
    for row in rows:
        by_tenant[row.tenant_id].append(row)
    for messages in by_tenant.values():
        for failure in apply_batch(messages, follow_up, own_transaction=True).failed:
            log.error("a feature failed when it was told of a message", message=str(failure.item.pk),
                      exc_info=failure.error)  # fmt: skip
    return len(rows)


def _postpone(messages: Sequence[Message]) -> None:
    Message.objects.filter(pk__in=[each.pk for each in messages]).update(follow_up_due_at=Now() + RETRY_AFTER)


def _due() -> Any:
    return Message.objects.filter(follow_up_due_at__lte=Now())
