"""Record what became of messages that were sent: delivered, read, failed; each once, in whatever order it comes."""

from collections.abc import Sequence
from typing import Final

from django.db import transaction
from django.db.models import Q

from campaigns.accounts.models import NetworkAccount
from campaigns.channels.receiving.incoming import Progress
from campaigns.messages import hooks
from campaigns.messages.models import Message, MessageEvent, MessageEventKind, MessageState
from campaigns.provider_reports.services import NotYet
from leads.contactability.models import ContactDirection

# Each of these happens to a message once.
ONCE: Final = "provider"
UNDER_WAY: Final = (MessageState.SENDING, MessageState.UNKNOWN)


@transaction.atomic
def record_progress(account: NetworkAccount, progress: Sequence[Progress]) -> list[MessageEvent]:
    """Record what became of messages, each thing once, in whatever order it is reported. Return the new events.

    Raises NotYet if a message is not known by its id while one of the account's is being sent: a report may be faster
    than the answer that names the message.
    """
    wanted = {each.provider_id for each in progress} - {""}
    rows = Message.objects.filter(
        provider_id__in=wanted, direction=ContactDirection.OUTBOUND, **{account.message_column: account.pk}
    )
    messages = {row.provider_id: row for row in rows.order_by("pk").select_for_update(no_key=True)}
    if wanted - set(messages) and _something_is_sent(account):
        raise NotYet
    fresh = _fresh([each for each in progress if each.provider_id in messages], messages)
    events = [
        MessageEvent(
            tenant_id=account.tenant_id,
            message=messages[each.provider_id],
            kind=each.kind,
            occurred_at=each.at,
            detail=dict(each.detail),
            source_key=ONCE,
        )
        for each in fresh
    ]
    MessageEvent.objects.bulk_create(events)
    _mark_read(events)
    hooks.happened(events)
    return events


def _fresh(progress: Sequence[Progress], messages: dict[str, Message]) -> list[Progress]:
    """Return the first report of each thing that is not recorded yet. A message that was read was delivered too."""
    rows = MessageEvent.objects.filter(message__in=[row.pk for row in messages.values()], source_key=ONCE)
    known = set(rows.values_list("message", "kind"))
    fresh: dict[tuple[object, str], Progress] = {}
    for each in sorted(progress, key=lambda one: one.at):
        implied = [each]
        if each.kind == MessageEventKind.OPENED:
            implied.insert(0, Progress(each.provider_id, MessageEventKind.DELIVERED, each.at, {"implied": True}))
        for one in implied:
            identity = (messages[each.provider_id].pk, str(one.kind))
            if identity not in known:
                fresh.setdefault(identity, one)
    return list(fresh.values())


def _mark_read(events: Sequence[MessageEvent]) -> None:
    for event in events:
        if event.kind == MessageEventKind.OPENED:
            earlier = Q(opened_at__isnull=True) | Q(opened_at__gt=event.occurred_at)
            Message.objects.filter(earlier, pk=event.message_id).update(opened_at=event.occurred_at)


def _something_is_sent(account: NetworkAccount) -> bool:
    rows = Message.objects.filter(
        state__in=UNDER_WAY, provider_id="", begun_at__isnull=False, **{account.message_column: account.pk}
    )
    return bool(rows.exists())
