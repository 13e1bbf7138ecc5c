"""The hours of the campaigns that calls belong to. Calls keep to them beside the tenant's own."""

from collections.abc import Mapping
from uuid import UUID

from campaigns.design.models import Campaign
from campaigns.design.schedule import schedule_of
from leads.contactability.decisions import ContactWindow


def windows_of(campaigns: Mapping[UUID, UUID | None]) -> dict[UUID, ContactWindow]:
    """Return the hours in which leads may be called, by lead. ``campaigns`` says for which each is called, if any.

    Runs in the tenant's scope, in one statement, or in none if no call belongs to a campaign.
    """
    wanted = {key for key in campaigns.values() if key is not None}
    if not wanted:
        return {}
    windows = {row.pk: schedule_of(row).window for row in Campaign.objects.filter(pk__in=wanted).only("config")}
    return {lead_id: windows[key] for lead_id, key in campaigns.items() if key is not None and key in windows}
