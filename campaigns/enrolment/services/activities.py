"""Activities: what campaigns did for an enrolled lead."""

from collections.abc import Mapping
from typing import Any, Final

from django.utils import timezone

from campaigns.design.step_specs import canonical_key, step_types
from campaigns.enrolment.models import ActivityStatus, CampaignLeadActivity
from lad import writes
from leads.contacts.services import ContactDirection, record_contact

# The statuses that mean contact with the lead, and who contacted whom.
CONTACTS: Final = {
    ActivityStatus.SENT.value: ContactDirection.OUTBOUND,
    ActivityStatus.DELIVERED.value: ContactDirection.OUTBOUND,
    ActivityStatus.REPLIED.value: ContactDirection.INBOUND,
}


class ActivityWriter(writes.Writer[CampaignLeadActivity]):
    """Fills in what follows from the enrolment and the type of step."""

    def create(self, values: Mapping[str, Any], *, actor: Any = None) -> CampaignLeadActivity:
        filled = dict(values)
        enrolment, type_ = filled.get("campaign_lead"), canonical_key(filled.get("step_type"))
        if enrolment is not None:
            filled["campaign"] = enrolment.campaign
        if isinstance(type_, str) and type_ in step_types:
            filled["step_type"] = type_
            filled["action_type"] = filled.get("action_type") or type_
            filled["channel"] = filled.get("channel") or step_types.get(type_).channel
        activity: CampaignLeadActivity = super().create(filled, actor=actor)
        _record_contact(activity)
        return activity

    def update(self, row: CampaignLeadActivity, values: Mapping[str, Any], *, actor: Any = None) -> Any:
        changed = dict(values)
        if "campaign_lead" in changed:
            changed["campaign"] = changed["campaign_lead"].campaign
        before = row.status
        activity: CampaignLeadActivity = super().update(row, changed, actor=actor)
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
