"""Who may be contacted in the demo: a policy, holidays, consents, do-not-contact entries and past touches."""

from datetime import date, time, timedelta
from typing import Any, Final

from demo.campaigns import try_out
from demo.demo_tenant import DemoTenant
from leads.channels import Channel
from leads.contactability.models import (
    ConsentRecord,
    ConsentStatus,
    ContactDirection,
    ContactPolicy,
    Holiday,
    LeadTouch,
    SuppressionReason,
)
from leads.contactability.services import suppress
from leads.contacts.models import Lead

HOLIDAYS: Final = {(12, 25): "Christmas Day", (12, 26): "Second day of Christmas", (1, 1): "New Year’s Day"}
# The tenant with the campaign to try, at whatever hour somebody tries it.
ANY_TIME: Final[dict[str, Any]] = {
    "contact_from": time.min,
    "contact_until": time.max,
    "contact_days": [],
    "skips_holidays": False,
}
CONSENTS, SUPPRESSIONS, TOUCHES = 6, 5, 12


def load(demo: DemoTenant) -> None:
    """Create the policy of the tenant, and what some of its leads said."""
    hours = ANY_TIME if demo.slug == try_out.TENANT else {}
    ContactPolicy.objects.create(
        tenant=demo.tenant, consent_required=[Channel.WHATSAPP], max_per_day=3, max_per_week=7, **hours
    )
    year = demo.now.year
    Holiday.objects.bulk_create(
        Holiday(tenant=demo.tenant, day=date(year if month == 12 else year + 1, month, day), name=name)
        for (month, day), name in HOLIDAYS.items()
    )
    leads = list(Lead.objects.filter(is_archived=False).exclude(email="").order_by("pk")[: CONSENTS + SUPPRESSIONS])
    ConsentRecord.objects.bulk_create(
        ConsentRecord(
            **demo.created(demo.ago(days=20 + number)),
            tenant=demo.tenant,
            lead=lead,
            channel=Channel.WHATSAPP,
            status=ConsentStatus.GIVEN if number else ConsentStatus.WITHDRAWN,
            given_at=demo.ago(days=20 + number),
            source="Form on the website",
        )
        for number, lead in enumerate(leads[:CONSENTS])
    )
    for lead in leads[CONSENTS:]:
        suppress(
            lead=lead, address=lead.email, channel=Channel.EMAIL, reason=SuppressionReason.UNSUBSCRIBED, source="Link"
        )
    LeadTouch.objects.bulk_create(
        LeadTouch(
            tenant=demo.tenant,
            lead=leads[number % CONSENTS],
            channel=Channel.EMAIL,
            direction=ContactDirection.OUTBOUND,
            source_id=demo.key(demo.ago(days=number + 8)),
            occurred_at=demo.now - timedelta(days=number + 8),
        )
        for number in range(TOUCHES)
    )
