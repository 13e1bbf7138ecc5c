"""Write the LinkedIn accounts of campaigns."""

from campaigns.accounts.models import CampaignAccount
from lad import writes
from lad.types import Actor, Values


class CampaignAccountWriter(writes.Writer[CampaignAccount]):
    """Writes a campaign's accounts. Their campaign never changes."""

    def prepare(self, row: CampaignAccount | None, values: Values, *, actor: Actor) -> Values:
        if row is not None:
            message = "The campaign cannot be changed. Add the account to the other one too."
            writes.fixed_fields(row, values, {"campaign"}, message)
        return values


writes.register(CampaignAccount, CampaignAccountWriter)
