"""Load the tools that agents may use, and forget old reports."""

from datetime import datetime, timedelta
from typing import Final

from lad.tenancy.context import platform_context
from voice.callbacks import tool_actions as tool_actions  # registers the tools
from voice.dialer.models import CarrierReport

KEPT: Final = timedelta(days=30)
CHUNK: Final = 5_000


def purge_reports(now: datetime) -> int:
    """Forget which callbacks were taken in more than 30 days ago, and return how many. Carriers repeat none of them."""
    purged = 0
    while True:
        with platform_context():
            old = CarrierReport.objects.filter(created_at__lt=now - KEPT).order_by().values("pk")[:CHUNK]
            deleted, _by_model = CarrierReport.objects.filter(pk__in=old).delete()
        purged += deleted
        if deleted < CHUNK:
            return purged
