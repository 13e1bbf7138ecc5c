"""Read the progress of campaigns."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import CharField, Count, F, Value

from campaigns.design.models import Campaign
from campaigns.enrolment.models import ActivityStatus, CampaignLead, CampaignLeadActivity, EnrolmentStatus


@dataclass(frozen=True, slots=True)
class Progress:
    """The number of a campaign's enrolments and activities in each status, zeros included."""

    enrolments: Mapping[str, int]
    activities: Mapping[str, int]

    @property
    def leads(self) -> int:
        """The number of enrolled leads."""
        return sum(self.enrolments.values())


def progress(campaign: Campaign) -> Progress:
    """Return the campaign's progress, counted in one query."""
    counted: dict[str, dict[str, int]] = {
        "enrolments": dict.fromkeys(EnrolmentStatus.values, 0),
        "activities": dict.fromkeys(ActivityStatus.values, 0),
    }
    enrolments = CampaignLead.objects.filter(campaign=campaign, tenant=campaign.tenant_id)
    activities = CampaignLeadActivity.objects.filter(campaign=campaign, tenant=campaign.tenant_id)
    parts = [
        rows.order_by()
        .values(kind=Value(kind, output_field=CharField()), state=F("status"))
        .annotate(number=Count("*"))
        .values_list("kind", "state", "number")
        for kind, rows in (("enrolments", enrolments), ("activities", activities))
    ]
    for kind, state, number in parts[0].union(parts[1], all=True):
        counted[kind][state] = number
    return Progress(**counted)
