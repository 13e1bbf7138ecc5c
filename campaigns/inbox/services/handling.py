"""What people do with conversations: assign, snooze, close, read and label them. One or many at once."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from campaigns.inbox.changes import tell_pages
from campaigns.inbox.models import Conversation, ConversationState, Label, LabelSource
from lad import writes
from lad.errors import Conflict, Invalid
from lad.tenancy.context import platform_context
from lad.types import Actor, Values
from leads.contactability.models import SuppressionReason
from leads.contactability.services.suppressing import suppress
from tenants.accounts.models import User

# More rows are no bulk action of a person any more.
MAX_AT_ONCE: Final = 500
LONGEST_SNOOZE: Final = timedelta(days=366)
WOKEN_AT_ONCE: Final = 500
SAID_BY_A_PERSON: Final = "The label of a person"


class NothingSuggested(Conflict):
    """There is no suggestion for this conversation any more."""

    code = "nothing_suggested"


def assign(*, ids: Sequence[UUID], user: User | None, actor: Actor) -> int:
    """Assign conversations to a member, or to nobody. Return how many that changed."""
    return _change(ids, lambda row: {"assigned_to": user}, actor)


def snooze(*, ids: Sequence[UUID], until: datetime, actor: Actor) -> int:
    """Hide open conversations until a time, or until somebody writes. Return how many. Raises Invalid."""
    now = timezone.now()
    if not now < until <= now + LONGEST_SNOOZE:
        raise Invalid(errors={"until": ["Choose a time within the next year."]})
    return _change(ids, lambda row: {"snoozed_until": until, **_opened(row), "unread_count": 0}, actor)


def end_snooze(*, ids: Sequence[UUID], actor: Actor) -> int:
    """Bring snoozed conversations back now. Return how many."""
    return _change(ids, lambda row: {"snoozed_until": None}, actor)


def close(*, ids: Sequence[UUID], actor: Actor) -> int:
    """Close conversations. What somebody writes opens them again. Return how many that changed."""
    now = timezone.now()

    def values(row: Conversation) -> Values:
        if row.state == ConversationState.CLOSED:
            return {}
        return {"state": ConversationState.CLOSED, "closed_at": now, "unread_count": 0, "snoozed_until": None}

    return _change(ids, values, actor)


def reopen(*, ids: Sequence[UUID], actor: Actor) -> int:
    """Open closed conversations again. Return how many that changed."""
    return _change(ids, _opened, actor)


def mark_read(*, ids: Sequence[UUID], actor: Actor) -> int:
    """Mark conversations as read. Return how many that changed."""
    return _change(ids, lambda row: {"unread_count": 0}, actor)


def mark_unread(*, ids: Sequence[UUID], actor: Actor) -> int:
    """Mark conversations as unread. Return how many that changed."""
    return _change(ids, lambda row: {"unread_count": max(row.unread_count, 1)}, actor)


def set_label(*, ids: Sequence[UUID], label: str, actor: Actor) -> int:
    """Give conversations a label, or none. Who is labelled "unsubscribe" goes on the do-not-contact list.

    Return how many that changed.
    """
    by = getattr(actor, "full_name", "") or getattr(actor, "email", "")
    reason = f"{by} chose it." if by else "A person chose it."
    return _change(ids, lambda row: _labelled(label, LabelSource.PERSON, reason), actor)


def accept_suggestion(*, conversation: Conversation, actor: Actor) -> Conversation:
    """Take over the label that the language model suggests. Raises NothingSuggested."""
    with writes.in_transaction:
        row = Conversation.objects.select_for_update(no_key=True).get(pk=conversation.pk)
        if not row.suggested_label:
            raise NothingSuggested
        label, reason = row.suggested_label, row.suggested_reason
        _change([row.pk], lambda _row: _labelled(label, LabelSource.MODEL, reason), actor)
        row.refresh_from_db()
    return row


def dismiss_suggestion(*, conversation: Conversation, actor: Actor) -> Conversation:
    """Forget the label that the language model suggests."""
    _change([conversation.pk], lambda _row: {"suggested_label": "", "suggested_reason": ""}, actor)
    conversation.refresh_from_db()
    return conversation


def has_due() -> bool:
    """Return whether a snooze is over. Needs a platform scope."""
    return Conversation.all_objects.filter(snoozed_until__lte=Now()).exists()


def wake() -> int:
    """Bring back the conversations of all tenants whose snooze is over, on top and unread. Return how many."""
    with transaction.atomic(), platform_context():
        due = Conversation.all_objects.filter(snoozed_until__lte=Now()).order_by("pk")
        locked = due.select_for_update(no_key=True, skip_locked=True)[:WOKEN_AT_ONCE]
        by_tenant: dict[UUID, list[UUID]] = {}
        for key, tenant_id in locked.values_list("pk", "tenant_id"):
            by_tenant.setdefault(tenant_id, []).append(key)
        for tenant_id, keys in by_tenant.items():
            rows = Conversation.all_objects.filter(tenant=tenant_id, pk__in=keys)
            rows.filter(unread_count=0).update(unread_count=1)
            rows.update(snoozed_until=None, moved_at=Now())
            tell_pages(tenant_id, keys)
    return sum(map(len, by_tenant.values()))


def _change(ids: Sequence[UUID], values: Callable[[Conversation], Values], actor: Actor) -> int:
    """Change conversations of the current tenant in one statement, and tell pages. Raises Invalid for too many."""
    if len(ids) > MAX_AT_ONCE:
        raise Invalid(errors={"ids": [f"At most {MAX_AT_ONCE} conversations."]})
    with writes.in_transaction:
        rows = Conversation.objects.filter(pk__in=list(ids)).order_by("pk").select_for_update(no_key=True)
        changes = writes.update_many(Conversation, [(row, values(row)) for row in rows], actor=actor)
        _leave_alone([each.row for each in changes if "label" in each.changed], actor)
        for tenant_id in {each.row.tenant_id for each in changes}:
            tell_pages(tenant_id, [each.row.pk for each in changes if each.row.tenant_id == tenant_id])
    return len(changes)


def _opened(row: Conversation) -> Values:
    return {"state": ConversationState.OPEN, "closed_at": None} if row.state != ConversationState.OPEN else {}


def _labelled(label: str, source: str, reason: str) -> Values:
    return {
        "label": label,
        "label_source": source,
        "label_reason": reason,
        "labelled_at": timezone.now(),
        "suggested_label": "",
        "suggested_reason": "",
        "suggestion_due_at": None,
    }


def _leave_alone(rows: Sequence[Conversation], actor: Actor) -> None:
    for row in rows:
        if row.label == Label.UNSUBSCRIBE and (row.lead is not None or row.address):
            suppress(
                lead=row.lead,
                address="" if row.lead is not None else row.address,
                channel=row.last_channel,
                reason=SuppressionReason.UNSUBSCRIBED,
                source=SAID_BY_A_PERSON,
                evidence={"conversation": str(row.pk)},
                actor=actor,
            )
