"""Hand over the campaigns of a member who leaves."""

from typing import Final
from uuid import UUID

from django.db.models import QuerySet

from campaigns.design.models import Campaign, CampaignStatus
from lad.tenancy.access import Access
from tenants.accounts.models import User
from tenants.teams.extensions import Holding, add_holding

UNFINISHED: Final = (CampaignStatus.DRAFT, CampaignStatus.RUNNING, CampaignStatus.PAUSED)


def _campaigns(user_id: UUID) -> QuerySet[Campaign]:
    return Campaign.objects.filter(created_by_user=user_id, status__in=UNFINISHED)


def hand_over(user_id: UUID, to: User, access: Access) -> list[str]:
    """Make another member the author of the user's campaigns that are not finished."""
    _campaigns(user_id).update(created_by_user=to, updated_by_user=access.user)
    return []


add_holding(Holding("campaigns", "campaigns.update", lambda user_id: _campaigns(user_id).count(), hand_over))
