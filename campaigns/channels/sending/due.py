"""Find the accounts and messages that are due, without reading the ones that are not.

Each statement jumps from key to key in the index of waiting messages, so that a million waiting messages of one
account, or of a paused campaign, cost as little as one.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from uuid import UUID

from campaigns.channels.sending.account_kinds import EMAIL, AccountKind
from lad.db.queries import rows
from lad.tenancy.context import read_across_tenants

# The campaigns with waiting messages of one account, named by {tenant} and {account}.
_CAMPAIGNS: Final = """
    WITH RECURSIVE waiting AS (
        (SELECT campaign_id FROM messages
            WHERE state = 'queued' AND tenant_id = {tenant} AND {column} = {account}
                AND campaign_id IS NOT NULL
            ORDER BY campaign_id LIMIT 1)
        UNION ALL
        SELECT (SELECT campaign_id FROM messages
            WHERE state = 'queued' AND tenant_id = {tenant} AND {column} = {account}
                AND campaign_id > waiting.campaign_id
            ORDER BY campaign_id LIMIT 1)
        FROM waiting WHERE waiting.campaign_id IS NOT NULL
    )
    SELECT campaigns.id, campaigns.priority FROM waiting
    JOIN campaigns ON campaigns.tenant_id = {tenant} AND campaigns.id = waiting.campaign_id
    WHERE campaigns.status = 'running' AND campaigns.deleted_at IS NULL
"""
# Waiting messages of accounts, by tenant and account.
_ACCOUNTS: Final = """
    (SELECT tenant_id, {column} FROM messages
        WHERE state = 'queued' AND {column} IS NOT NULL
        ORDER BY tenant_id, {column} LIMIT 1)
    UNION ALL
    SELECT following.tenant_id, following.{column} FROM waiting_accounts CROSS JOIN LATERAL (
        SELECT tenant_id, {column} FROM messages
        WHERE state = 'queued' AND {column} IS NOT NULL
            AND (tenant_id, {column}) > (waiting_accounts.tenant_id, waiting_accounts.{column})
        ORDER BY tenant_id, {column} LIMIT 1
    ) AS following
"""
_DUE_ACCOUNTS: Final = """
WITH RECURSIVE waiting_accounts AS ({accounts}),
usable AS (
    SELECT accounts.tenant_id, accounts.id AS account_id, accounts.next_send_at
    FROM waiting_accounts
    JOIN {table} AS accounts ON accounts.tenant_id = waiting_accounts.tenant_id
        AND accounts.id = waiting_accounts.{column}
    JOIN tenants ON tenants.id = waiting_accounts.tenant_id
    WHERE accounts.deleted_at IS NULL AND accounts.is_active AND accounts.status = ANY(%s)
        AND (accounts.next_send_at IS NULL OR accounts.next_send_at <= statement_timestamp())
        AND tenants.deleted_at IS NULL AND tenants.status NOT IN ('suspended', 'cancelled')
)
SELECT tenant_id, account_id FROM usable
WHERE EXISTS (
    SELECT FROM messages WHERE state = 'queued' AND messages.tenant_id = usable.tenant_id
        AND {column} = usable.account_id AND campaign_id IS NULL AND next_attempt_at <= statement_timestamp()
) OR EXISTS (
    SELECT FROM ({campaigns}) AS running
    WHERE EXISTS (
        SELECT FROM messages WHERE state = 'queued' AND messages.tenant_id = usable.tenant_id
            AND {column} = usable.account_id AND campaign_id = running.id
            AND next_attempt_at <= statement_timestamp()
    )
)
ORDER BY row_number() OVER (PARTITION BY tenant_id ORDER BY next_send_at NULLS FIRST, account_id),
    next_send_at NULLS FIRST, tenant_id
LIMIT %s
"""
# A message that a person wrote goes before those of campaigns.
_DUE_MESSAGES: Final = """
SELECT id FROM (
    (SELECT id, 1000000 AS priority, next_attempt_at FROM messages
        WHERE state = 'queued' AND tenant_id = %(tenant)s AND {column} = %(account)s
            AND campaign_id IS NULL AND next_attempt_at <= statement_timestamp()
        ORDER BY next_attempt_at LIMIT %(limit)s)
    UNION ALL
    SELECT due.id, running.priority, due.next_attempt_at
    FROM ({campaigns}) AS running CROSS JOIN LATERAL (
        SELECT id, next_attempt_at FROM messages
        WHERE state = 'queued' AND tenant_id = %(tenant)s AND {column} = %(account)s
            AND campaign_id = running.id AND next_attempt_at <= statement_timestamp()
        ORDER BY next_attempt_at LIMIT %(limit)s
    ) AS due
) AS candidates
ORDER BY priority DESC, next_attempt_at, id LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True)
class DueAccount:
    """An account with a message that may be sent now."""

    tenant_id: UUID
    account_id: UUID
    account_kind: AccountKind = EMAIL


def due_accounts(kind: AccountKind, *, limit: int) -> list[DueAccount]:
    """Return accounts with due messages: one of each tenant, then a second of each, those that waited longest first."""
    found = read_across_tenants(_due_accounts(kind), [list(kind.usable), limit])
    return [DueAccount(tenant_id, account_id, kind) for tenant_id, account_id in found]


def due_messages(account: DueAccount, *, limit: int) -> list[UUID]:
    """Return the account's due messages, those of the campaign with the highest priority first."""
    values = {"tenant": account.tenant_id, "account": account.account_id, "limit": limit}
    return [key for (key,) in rows(_due_messages(account.account_kind), values)]


@lru_cache(maxsize=8)
def _due_accounts(kind: AccountKind) -> str:
    column = f"{kind.column}_id"
    campaigns = _CAMPAIGNS.format(column=column, tenant="usable.tenant_id", account="usable.account_id")
    accounts = _ACCOUNTS.format(column=column)
    return _DUE_ACCOUNTS.format(column=column, table=kind.table, accounts=accounts, campaigns=campaigns)


@lru_cache(maxsize=8)
def _due_messages(kind: AccountKind) -> str:
    column = f"{kind.column}_id"
    campaigns = _CAMPAIGNS.format(column=column, tenant="%(tenant)s", account="%(account)s")
    return _DUE_MESSAGES.format(column=column, campaigns=campaigns)
