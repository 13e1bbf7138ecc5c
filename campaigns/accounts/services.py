"""The LinkedIn accounts of campaigns."""

from collections.abc import Mapping
from typing import Any

from campaigns.accounts.models import CampaignAccount
from lad import writes
from lad.errors import Invalid


class AssignmentWriter(writes.Writer):
    """An assignment stays in its campaign."""

    def update(self, row: CampaignAccount, values: Mapping[str, Any], *, actor: Any = None) -> CampaignAccount:
        if values.get("campaign", row.campaign) != row.campaign:
            raise Invalid(errors={"campaign": ["It stays in its campaign: assign the account to the other one too."]})
        assignment: CampaignAccount = super().update(row, values, actor=actor)
        return assignment


writes.register(CampaignAccount, AssignmentWriter)
