"""Release the credits of searches whose process died, and delete old pages."""

from datetime import datetime, timedelta
from typing import Final

from django.utils import timezone

from lad.tenancy.context import platform_context, read_across_tenants, tenant_context
from leads.companies import charging
from leads.companies.features import FEATURE
from leads.companies.search.models import DirectorySearch
from leads.companies.search.services import NOTHING_FOUND, REFERENCE

# A search takes seconds; what is older was lost.
LOST_AFTER: Final = timedelta(minutes=15)
KEPT_FOR: Final = timedelta(days=30)
BATCH_SIZE: Final = 200
LOST: Final = """
SELECT tenant_id, external_reference_id FROM billing_usage_events
WHERE status = 'pending' AND next_charge_at IS NULL AND feature_key = %s AND external_reference_id LIKE %s
    AND created_at < %s
ORDER BY created_at LIMIT %s
"""


def settle_lost(*, now: datetime | None = None) -> int:
    """Release the credits of searches that brought nothing to anybody. Return how many there were.

    Call it outside any scope. Several may run at once.
    """
    now = now or timezone.now()
    found = read_across_tenants(LOST, [FEATURE, f"{REFERENCE}%", now - LOST_AFTER, BATCH_SIZE])
    for tenant_id in dict.fromkeys(tenant_id for tenant_id, _reference in found):
        with tenant_context(tenant_id):
            mine = [reference for owner, reference in found if owner == tenant_id]
            charging.settle(used=(), unused=mine, reason=NOTHING_FOUND, now=now)
    return len(found)


def prune(*, now: datetime | None = None) -> int:
    """Delete pages that were fetched long ago. Return how many there were."""
    now = now or timezone.now()
    with platform_context():
        many, _by_model = DirectorySearch.objects.filter(fetched_at__lt=now - KEPT_FOR).delete()
    return int(many)
