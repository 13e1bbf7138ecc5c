"""Find the accounts and messages that are due, without reading the ones that are not.

Each statement jumps from key to key in the index of waiting messages, so that a million waiting messages of one
account, or of a paused campaign, cost as little as one.
"""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db import connection

from campaigns.accounts.services import USABLE
from lad.tenancy.context import read_across_tenants

# The campaigns with waiting messages of one account, named by {tenant} and {account}.
_CAMPAIGNS: Final = """
    WITH RECURSIVE waiting AS (
        (SELECT campaign_id FROM messages
            WHERE state = 'queued' AND tenant_id = {tenant} AND email_account_id = {account}
                AND campaign_id IS NOT NULL
            ORDER BY campaign_id LIMIT 1)
        UNION ALL
        SELECT (SELECT campaign_id FROM messages
            WHERE state = 'queued' AND tenant_id = {tenant} AND email_account_id = {account}
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
    (SELECT tenant_id, email_account_id FROM messages
        WHERE state = 'queued' AND email_account_id IS NOT NULL
        ORDER BY tenant_id, email_account_id LIMIT 1)
    UNION ALL
    SELECT following.tenant_id, following.email_account_id FROM waiting_accounts CROSS JOIN LATERAL (
        SELECT tenant_id, email_account_id FROM messages
        WHERE state = 'queued' AND email_account_id IS NOT NULL
            AND (tenant_id, email_account_id) > (waiting_accounts.tenant_id, waiting_accounts.email_account_id)
        ORDER BY tenant_id, email_account_id LIMIT 1
    ) AS following
"""
_OF_ACCOUNT: Final = {"tenant": "usable.tenant_id", "account": "usable.account_id"}
DUE_ACCOUNTS: Final = f"""
WITH RECURSIVE waiting_accounts AS ({_ACCOUNTS}),
usable AS (
    SELECT email_accounts.tenant_id, email_accounts.id AS account_id, email_accounts.next_send_at
    FROM waiting_accounts
    JOIN email_accounts ON email_accounts.tenant_id = waiting_accounts.tenant_id
        AND email_accounts.id = waiting_accounts.email_account_id
    JOIN tenants ON tenants.id = waiting_accounts.tenant_id
    WHERE email_accounts.deleted_at IS NULL AND email_accounts.is_active AND email_accounts.status = ANY(%s)
        AND (email_accounts.next_send_at IS NULL OR email_accounts.next_send_at <= statement_timestamp())
        AND tenants.deleted_at IS NULL AND tenants.status NOT IN ('suspended', 'cancelled')
)
SELECT tenant_id, account_id FROM usable
WHERE EXISTS (
    SELECT FROM messages WHERE state = 'queued' AND messages.tenant_id = usable.tenant_id
        AND email_account_id = usable.account_id AND campaign_id IS NULL AND next_attempt_at <= statement_timestamp()
) OR EXISTS (
    SELECT FROM ({_CAMPAIGNS.format(**_OF_ACCOUNT)}) AS running
    WHERE EXISTS (
        SELECT FROM messages WHERE state = 'queued' AND messages.tenant_id = usable.tenant_id
            AND email_account_id = usable.account_id AND campaign_id = running.id
            AND next_attempt_at <= statement_timestamp()
    )
)
ORDER BY row_number() OVER (PARTITION BY tenant_id ORDER BY next_send_at NULLS FIRST, account_id),
    next_send_at NULLS FIRST, tenant_id
LIMIT %s
"""
# A message that a person wrote goes before those of campaigns.
DUE_MESSAGES: Final = f"""
SELECT id FROM (
    (SELECT id, 1000000 AS priority, next_attempt_at FROM messages
        WHERE state = 'queued' AND tenant_id = %(tenant)s AND email_account_id = %(account)s
            AND campaign_id IS NULL AND next_attempt_at <= statement_timestamp()
        ORDER BY next_attempt_at LIMIT %(limit)s)
    UNION ALL
    SELECT due.id, running.priority, due.next_attempt_at
    FROM ({_CAMPAIGNS.format(tenant="%(tenant)s", account="%(account)s")}) AS running CROSS JOIN LATERAL (
        SELECT id, next_attempt_at FROM messages
        WHERE state = 'queued' AND tenant_id = %(tenant)s AND email_account_id = %(account)s
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


def due_accounts(*, limit: int) -> list[DueAccount]:
    """Return accounts with due messages: one of each tenant, then a second of each, those that waited longest first."""
    return [DueAccount(*row) for row in read_across_tenants(DUE_ACCOUNTS, [list(USABLE), limit])]


def due_messages(account: DueAccount, *, limit: int) -> list[UUID]:
    """Return the account's due messages, those of the campaign with the highest priority first."""
    with connection.cursor() as cursor:
        cursor.execute(DUE_MESSAGES, {"tenant": account.tenant_id, "account": account.account_id, "limit": limit})
        return [row[0] for row in cursor.fetchall()]
