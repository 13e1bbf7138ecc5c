"""Fold the changes that wait into the counts. One worker at a time folds a campaign; a killed one leaves no trace."""

from typing import Final
from uuid import UUID

from campaigns.figures.changes import tell_pages
from campaigns.figures.statements import FOLD, parameters
from lad.db.queries import execute, rows
from lad.tenancy.context import platform_context

TASK: Final = "campaigns.fold_figures"
# Entries folded in one transaction, and looked at to find campaigns that have some.
SLICE: Final = 20_000
LOOKED_AT: Final = 50_000
LOCK: Final = "SELECT pg_try_advisory_xact_lock(hashtextextended('campaigns.figures:' || %s, 0))"
WAIT_FOR_LOCK: Final = "SELECT pg_advisory_xact_lock(hashtextextended('campaigns.figures:' || %s, 0))"
WAITING: Final = """
SELECT DISTINCT tenant_id, campaign_id
FROM (SELECT tenant_id, campaign_id FROM campaign_figure_entries ORDER BY id LIMIT %s) AS oldest
"""
LAST_OF_SLICE: Final = """
SELECT max(id), count(*) FROM (
    SELECT id FROM campaign_figure_entries WHERE tenant_id = %s AND campaign_id = %s ORDER BY id LIMIT %s
) AS slice
"""
ZONE: Final = """
SELECT tenants.timezone FROM campaigns JOIN tenants ON tenants.id = campaigns.tenant_id
WHERE campaigns.tenant_id = %s AND campaigns.id = %s
"""
# What the deletion of a campaign or a tenant has left.
FORGET: Final = "DELETE FROM campaign_figure_entries WHERE tenant_id = %s AND campaign_id = %s"


def has_work() -> bool:
    """Return whether changes wait. Runs in a platform scope."""
    return bool(rows("SELECT EXISTS (SELECT FROM campaign_figure_entries)")[0][0])


def fold_all() -> int:
    """Fold what waits, of all tenants. Return how many entries were folded."""
    with platform_context():
        waiting = rows(WAITING, [LOOKED_AT])
    return sum(fold(tenant_id, campaign_id) for tenant_id, campaign_id in waiting)


def fold(tenant_id: UUID, campaign_id: UUID) -> int:
    """Fold what waits of one campaign, slice by slice. Return how many entries, 0 while another worker does it."""
    folded = 0
    while number := _fold_slice(tenant_id, campaign_id):
        folded += number
        if number < SLICE:
            break
    return folded


def _fold_slice(tenant_id: UUID, campaign_id: UUID) -> int:
    with platform_context():
        [(is_free,)] = rows(LOCK, [str(campaign_id)])
        return fold_locked(tenant_id, campaign_id) if is_free else 0


def fold_locked(tenant_id: UUID, campaign_id: UUID) -> int:
    """Fold one slice of the campaign, whose lock the transaction holds. Return how many entries."""
    [(last, number)] = rows(LAST_OF_SLICE, [tenant_id, campaign_id, SLICE])
    if not number:
        return 0
    zone = zone_of(tenant_id, campaign_id)
    if zone is None:
        execute(FORGET, [tenant_id, campaign_id])
        return int(number)
    execute(FOLD, parameters(tenant_id, campaign_id, zone, last=last))
    tell_pages(tenant_id, campaign_id)
    return int(number)


def zone_of(tenant_id: UUID, campaign_id: UUID) -> str | None:
    """Return the time zone of the campaign's tenant, or None if the campaign is gone."""
    found = rows(ZONE, [tenant_id, campaign_id])
    return str(found[0][0]) if found else None
