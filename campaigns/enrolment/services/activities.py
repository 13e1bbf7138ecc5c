"""Write activities, and record the contact with leads that they mean."""

from typing import Final

from django.utils import timezone

from campaigns.design.step_specs import canonical_key, step_types
from campaigns.enrolment.models import ActivityStatus, CampaignLeadActivity
from lad import writes
from lad.types import Actor, Values
from leads.contacts.services import ContactDirection, record_contact

# The statuses that mean contact with the lead, and who contacted whom.
CONTACTS: Final = {
    ActivityStatus.SENT.value: ContactDirection.OUTBOUND,
    ActivityStatus.DELIVERED.value: ContactDirection.OUTBOUND,
    ActivityStatus.REPLIED.value: ContactDirection.INBOUND,
}


class ActivityWriter(writes.Writer[CampaignLeadActivity]):
    """Writes activities. Fills in the campaign, and the channel and action of the step type."""

    def create(self, values: Values, *, actor: Actor = None) -> CampaignLeadActivity:
        filled = dict(values)
        enrolment, key = filled.get("campaign_lead"), canonical_key(filled.get("step_type"))
        if enrolment is not None:
            filled["campaign"] = enrolment.campaign
        if isinstance(key, str) and key in step_types:
            filled["step_type"] = key
            filled["action_type"] = filled.get("action_type") or key
            filled["channel"] = filled.get("channel") or step_types.get(key).channel
        activity = super().create(filled, actor=actor)
        _record_contact(activity)
        return activity

    def update(self, row: CampaignLeadActivity, values: Values, *, actor: Actor = None) -> CampaignLeadActivity:
        changed = dict(values)
        if "campaign_lead" in changed:
            changed["campaign"] = changed["campaign_lead"].campaign
        before = row.status
        activity = super().update(row, changed, actor=actor)
        if activity.status != before:
            _record_contact(activity)
        return activity


def _record_contact(activity: CampaignLeadActivity) -> None:
    """Record on the lead that a message went out or was answered."""
    direction, key = CONTACTS.get(activity.status), activity.step_type
    if direction is None or key not in step_types or not step_types.get(key).contacts_lead:
        return
    at = activity.executed_at if direction == ContactDirection.OUTBOUND else None
    record_contact(
        activity.campaign_lead.lead_id, channel=str(activity.channel), at=at or timezone.now(), direction=direction
    )


writes.register(CampaignLeadActivity, ActivityWriter)
