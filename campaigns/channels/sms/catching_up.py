"""Read the messages of people that Twilio could not report: it reports each once, also while LAD does not answer.

Everything is recorded as if it had been reported, so what was reported already changes nothing.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

import structlog
from django.utils import timezone

from campaigns.accounts.models import ChannelAccount
from campaigns.channels.incoming import Incoming, record_incoming
from campaigns.channels.sms.client import MOST_PER_PAGE, Twilio, is_service, moment
from campaigns.channels.sms.receiving import incoming
from lad.tenancy.context import require_no_scope, tenant_context

# A message may be listed as much later than it came.
OVERLAP: Final = timedelta(minutes=15)
BATCH_SIZE: Final = 100

log = structlog.get_logger("lad.campaigns.sms")


def catch_up(account: ChannelAccount) -> int:
    """Read what people wrote since the account was last read. Return how many messages were new.

    Call it outside any scope. Raises AccountTrouble; what was read until then stays recorded.
    """
    require_no_scope("Twilio is asked")
    began = timezone.now()
    since = (account.caught_up_at or account.created_at) - OVERLAP
    number = "" if is_service(account) else account.address or account.provider_account_id
    rows = Twilio(account).messages(since=since, to=number, per_page=MOST_PER_PAGE)
    # The oldest first, as they would have been reported.
    found = [_incoming(row) for row in rows if _is_to(account, row)][::-1]
    new = 0
    with tenant_context(account.tenant_id):
        for start in range(0, len(found), BATCH_SIZE):
            new += len(record_incoming(account, found[start : start + BATCH_SIZE]))
        type(account)._default_manager.filter(pk=account.pk).update(caught_up_at=began)
    account.caught_up_at = began
    log.info("account caught up", account=str(account.pk), messages=new)
    return new


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
