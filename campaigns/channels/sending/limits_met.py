"""What follows when a network lets an account do no more of something: nothing fails, and all of it waits."""

import random
from datetime import datetime, timedelta
from typing import Final

from django.db.models import F
from django.utils import timezone

from campaigns.accounts import troubles
from campaigns.accounts.limits import learn
from campaigns.accounts.models import NetworkAccount
from campaigns.accounts.pacing import next_day
from campaigns.channels.protocol import Limit
from campaigns.channels.sending.claims import Claim
from campaigns.channels.sending.due import DueAccount
from campaigns.channels.sending.postponing import postpone_full
from campaigns.messages.models import Message

# The network asked for less without saying until when.
SLOWER: Final = timedelta(hours=1)
# A weekly limit frees places day by day.
AFTER_A_WEEK_IS_FULL: Final = timedelta(days=1)
SPREAD: Final = timedelta(hours=1)


def heed(claim: Claim, message: Message, limit: Limit) -> None:
    """Keep the limit that the account has met, and let its messages of this action wait."""
    account, now = claim.account, timezone.now()
    assert isinstance(account, NetworkAccount)  # mailboxes report no such limits
    zone = str(type(account).all_objects.filter(pk=account.pk).values_list(F("tenant__timezone"), flat=True).get())
    until = limit.until or _estimate(limit, zone, now)
    if not limit.period:
        troubles.rest(account, until)
    else:
        learned = learn(account, action=limit.action, period=limit.period, zone=zone, now=now)
        type(account).all_objects.filter(pk=account.pk).update(learned_limits=learned)
        account.learned_limits = learned
    Message.objects.filter(pk=message.pk).update(next_attempt_at=until)
    postpone_full(DueAccount(account.tenant_id, account.pk, claim.account_kind), message.action, until)


def _estimate(limit: Limit, zone: str, now: datetime) -> datetime:
    later = SPREAD * random.random()  # noqa: S311  (spreads load, no secret)
    if limit.period == "day":
        return next_day(now, zone) + later
    return now + (AFTER_A_WEEK_IS_FULL if limit.period else SLOWER) + later
