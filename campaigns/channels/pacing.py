"""How many messages an account on a network may send today."""

from datetime import datetime

from campaigns.accounts.limits import allowances, has_room_from, used
from campaigns.accounts.models import NetworkAccount
from campaigns.accounts.pacing import Limits
from campaigns.messages.models import Action

UNLIMITED = 1_000_000


def message_limits(account: NetworkAccount, *, zone: str, now: datetime) -> Limits:
    """Return the limit of messages on the current day of the time zone, in the scope of the account's tenant."""
    allowance = allowances(account, zone=zone, now=now).get(Action.MESSAGE.value)
    allowed = UNLIMITED if allowance is None or allowance.day is None else allowance.day
    done = used(account, zone=zone, now=now).get(Action.MESSAGE.value)
    taken = done.today if done is not None else 0
    later = account.next_send_at if account.next_send_at and account.next_send_at > now else None
    if taken >= allowed:
        free = has_room_from(account, Action.MESSAGE.value, zone=zone, now=now)
        later = max(later, free) if later else free
    return Limits(allowed, taken, later, ramping_up=account.ramp_up_from is not None)
