"""Write activities, and record the contact with leads that they mean."""

from typing import Final

from django.utils import timezone

from campaigns.design.step_specs import canonical_key, step_types
from campaigns.enrolment.models import ActivityStatus, CampaignLeadActivity
from lad import writes
from lad.types import Actor, Values
from leads.contactability.models import ContactDirection
from leads.contacts.services import Touch, record_contacts

# The statuses that mean contact with the lead, and who contacted whom.
CONTACTS: Final = {
    ActivityStatus.SENT.value: ContactDirection.OUTBOUND,
    ActivityStatus.DELIVERED.value: ContactDirection.OUTBOUND,
    ActivityStatus.REPLIED.value: ContactDirection.INBOUND,
}


class ActivityWriter(writes.Writer[CampaignLeadActivity]):
    """Writes activities. Fills in the campaign, and the channel and action of the step type."""

    def prepare(self, row: CampaignLeadActivity | None, values: Values, *, actor: Actor) -> Values:
        filled = dict(values)
        enrolment = filled.get("campaign_lead")
        if enrolment is not None:
            filled["campaign"] = enrolment.campaign
        if row is not None:
            return filled
        key = canonical_key(filled.get("step_type"))
        if isinstance(key, str) and key in step_types:
            filled["step_type"] = key
            filled["action_type"] = filled.get("action_type") or key
            filled["channel"] = filled.get("channel") or step_types.get(key).channel
        return filled

    def after_save(self, change: writes.Change[CampaignLeadActivity]) -> None:
        if change.created or "status" in change.before:
            _record_contact(change.row)


def _record_contact(activity: CampaignLeadActivity) -> None:
    """Record on the lead that a message went out or was answered."""
    direction, key = CONTACTS.get(activity.status), activity.step_type
    if direction is None or key not in step_types or not step_types.get(key).contacts_lead:
        return
    at = activity.executed_at if direction == ContactDirection.OUTBOUND else None
    lead_id = activity.campaign_lead.lead_id
    record_contacts([Touch(lead_id, str(activity.channel), direction, at or timezone.now(), activity.pk)])


writes.register(CampaignLeadActivity, ActivityWriter)
