"""What was done for an enrolled lead."""

from collections.abc import Mapping
from typing import Any

from campaigns.design import step_types as vocabulary
from campaigns.design.models import StepType
from campaigns.enrolment.models import CampaignLeadActivity
from lad import writes


class ActivityWriter(writes.Writer):
    """Fills in what follows from the enrolment and the type of step."""

    def create(self, values: Mapping[str, Any], *, actor: Any = None) -> CampaignLeadActivity:
        filled = dict(values)
        enrolment, type_ = filled.get("campaign_lead"), vocabulary.step_type(filled.get("step_type"))
        if enrolment is not None:
            filled["campaign"] = enrolment.campaign
        if type_ in StepType.values:
            filled["step_type"] = type_
            filled["action_type"] = filled.get("action_type") or type_
            filled["channel"] = filled.get("channel") or vocabulary.channel_of(type_)
        activity: CampaignLeadActivity = super().create(filled, actor=actor)
        return activity

    def update(self, row: CampaignLeadActivity, values: Mapping[str, Any], *, actor: Any = None) -> Any:
        changed = dict(values)
        if "campaign_lead" in changed:
            changed["campaign"] = changed["campaign_lead"].campaign
        return super().update(row, changed, actor=actor)


writes.register(CampaignLeadActivity, ActivityWriter)
