"""Write the LinkedIn accounts of campaigns."""

from campaigns.accounts.models import CampaignAccount
from lad import writes
from lad.errors import Invalid
from lad.types import Actor, Values


class CampaignAccountWriter(writes.Writer[CampaignAccount]):
    """Writes a campaign's accounts. Their campaign never changes."""

    def update(self, row: CampaignAccount, values: Values, *, actor: Actor = None) -> CampaignAccount:
        if values.get("campaign", row.campaign) != row.campaign:
            raise Invalid(
                errors={"campaign": ["The campaign cannot be changed. Add the account to the other one too."]}
            )
        return super().update(row, values, actor=actor)


writes.register(CampaignAccount, CampaignAccountWriter)
