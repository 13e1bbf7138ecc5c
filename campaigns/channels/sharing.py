"""Share enrolments out among accounts, so that each gets as much as it has left of its day."""

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from lad.db.queries import rows

WAITING: Final = """
SELECT account.id, (
    SELECT count(*) FROM (
        SELECT FROM messages
        WHERE state = 'queued' AND tenant_id = %(tenant)s AND {column}_id = account.id LIMIT %(limit)s
    ) AS waiting
) FROM unnest(%(accounts)s::uuid[]) AS account (id)
"""


@dataclass(frozen=True, slots=True)
class Load:
    """How much an account may do on its day, and how much of that is done or waited for."""

    account_id: UUID
    taken: int
    allowed: int


def share_out(enrolment_ids: Sequence[UUID], loads: Iterable[Load]) -> dict[UUID, UUID]:
    """Give each enrolment to the account with the smallest share of its day taken. Accounts without a day get none."""
    shares = [
        (each.taken / each.allowed, str(each.account_id), each.taken, each.allowed, each.account_id)
        for each in loads
        if each.allowed
    ]
    heapq.heapify(shares)
    chosen = {}
    for enrolment_id in enrolment_ids if shares else ():
        _share, name, taken, allowed, account_id = shares[0]
        heapq.heapreplace(shares, ((taken + 1) / allowed, name, taken + 1, allowed, account_id))
        chosen[enrolment_id] = account_id
    return chosen


def waiting(tenant_id: UUID, column: str, account_ids: Sequence[UUID], *, limit: int) -> dict[UUID, int]:
    """Return how many messages wait for each account, counted up to the limit. ``column`` names the accounts."""
    values = {"tenant": tenant_id, "accounts": list(account_ids), "limit": limit}
    return dict(rows(WAITING.format(column=column), values))
