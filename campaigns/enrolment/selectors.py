"""How far campaigns have come."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import CharField, Count, F, Value

from campaigns.design.models import Campaign
from campaigns.enrolment.models import ActivityStatus, CampaignLead, CampaignLeadActivity, EnrolmentStatus


@dataclass(frozen=True, slots=True)
class Progress:
    """How many enrolments and activities of a campaign are in each status, those in none included."""

    enrolments: Mapping[str, int]
    activities: Mapping[str, int]

    @property
    def leads(self) -> int:
        return sum(self.enrolments.values())


def progress(campaign: Campaign) -> Progress:
    """Counted in one query."""
    counted: dict[str, dict[str, int]] = {
        "enrolments": dict.fromkeys(EnrolmentStatus.values, 0),
        "activities": dict.fromkeys(ActivityStatus.values, 0),
    }
    enrolments = CampaignLead.objects.filter(campaign=campaign, tenant=campaign.tenant_id)
    activities = CampaignLeadActivity.objects.filter(campaign=campaign, tenant=campaign.tenant_id)
    parts = [
        rows.order_by()
        .values(what=Value(what, output_field=CharField()), state=F("status"))
        .annotate(number=Count("*"))
        .values_list("what", "state", "number")
        for what, rows in (("enrolments", enrolments), ("activities", activities))
    ]
    for what, state, number in parts[0].union(parts[1], all=True):
        counted[what][state] = number
    return Progress(**counted)
