"""Read what Twilio could not report: it reports everything once, also while LAD does not answer.

Twilio lists the messages of people. It is asked about each message that LAD sent. Everything is recorded as if it
had been reported, so what was reported already changes nothing.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any, Final

import structlog
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from campaigns.accounts.models import ChannelAccount
from campaigns.channels.incoming import Incoming, record_incoming
from campaigns.channels.sms import statuses
from campaigns.channels.sms.client import MOST_PER_PAGE, Twilio, is_service, moment
from campaigns.channels.sms.receiving import incoming
from campaigns.channels.sms.statuses import SETTLED, Status, code_of
from campaigns.messages.models import Message, MessageEvent, MessageState
from lad.tenancy.context import require_no_scope, tenant_context
from leads.contactability.models import ContactDirection

# A message may be listed as much later than it came.
OVERLAP: Final = timedelta(minutes=15)
BATCH_SIZE: Final = 100
# Most messages are delivered within minutes, others when a phone is switched on again. Some networks never confirm a
# delivery, so LAD asks no more often.
ASKED_AFTER: Final = (timedelta(hours=1), timedelta(days=1))

log = structlog.get_logger("lad.campaigns.sms")


def catch_up(account: ChannelAccount) -> int:
    """Read what people wrote since the account was last read, and what became of messages to them.

    Returns how many messages of people were new. Call it outside any scope. Raises AccountTrouble; what was read until
    then stays recorded, and is read again.
    """
    require_no_scope("Twilio is asked")
    began, since = timezone.now(), account.caught_up_at or account.created_at
    new = _hear(account, since)
    learned = _learn(account, since, began)
    with tenant_context(account.tenant_id):
        type(account)._default_manager.filter(pk=account.pk).update(caught_up_at=began)
    account.caught_up_at = began
    log.info("account caught up", account=str(account.pk), messages=new, statuses=learned)
    return new


def _hear(account: ChannelAccount, since: datetime) -> int:
    """Record what people wrote, and return how many messages were new."""
    number = "" if is_service(account) else account.address or account.provider_account_id
    rows = Twilio(account).messages(since=since - OVERLAP, to=number, per_page=MOST_PER_PAGE)
    # The oldest first, as they would have been reported.
    found = [_incoming(row) for row in rows if _is_to(account, row)][::-1]
    new = 0
    with tenant_context(account.tenant_id):
        for start in range(0, len(found), BATCH_SIZE):
            new += len(record_incoming(account, found[start : start + BATCH_SIZE]))
    return new


def _learn(account: ChannelAccount, since: datetime, now: datetime) -> int:
    """Record what became of messages of which nothing was reported, and return how many have come to an end.

    Each is asked about an hour and a day after it was sent: in the run that is the first one after that.
    """
    with tenant_context(account.tenant_id):
        sids = list(_unsettled(account, since, now).values_list("provider_id", flat=True))
    twilio, learned = Twilio(account), 0
    for start in range(0, len(sids), BATCH_SIZE):
        rows = [row for sid in sids[start : start + BATCH_SIZE] if (row := twilio.message(sid)) is not None]
        found = [status for row in rows if (status := _status(row, now)).kind is not None]
        with tenant_context(account.tenant_id):
            statuses.record(account, found)
        learned += len(found)
    return learned


def _unsettled(account: ChannelAccount, since: datetime, now: datetime) -> QuerySet[Message]:
    times = [Q(occurred_at__gt=since - after, occurred_at__lte=now - after) for after in ASKED_AFTER]
    settled = MessageEvent.objects.filter(message=OuterRef("pk"), kind__in=SETTLED)
    return Message.objects.filter(
        ~Exists(settled),
        reduce(or_, times),
        channel_account=account.pk,
        direction=ContactDirection.OUTBOUND,
        state=MessageState.SENT,
    ).exclude(provider_id="")


def _status(row: Mapping[str, Any], now: datetime) -> Status:
    return Status(
        sid=str(row["sid"]),
        status=str(row.get("status") or ""),
        code=code_of(row.get("error_code")),
        to=str(row.get("to") or ""),
        at=moment(row.get("date_updated")) or now,
    )


def _is_to(account: ChannelAccount, row: Mapping[str, Any]) -> bool:
    """Return whether a person wrote it, and to this account: others may share the credentials."""
    if row.get("direction") != "inbound":
        return False
    return not is_service(account) or row.get("messaging_service_sid") == account.provider_account_id


def _incoming(row: Mapping[str, Any]) -> Incoming:
    files = int(row.get("num_media") or 0)
    return incoming(
        sid=str(row["sid"]),
        number=str(row.get("from") or ""),
        body=str(row.get("body") or ""),
        at=moment(row.get("date_created")) or timezone.now(),
        # A list of messages tells how many files there are, not what they are.
        media=[{"kind": "file", "address": "", "content_type": ""}] * files,
    )
