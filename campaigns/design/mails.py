"""The mail that tells people that LAD has paused a campaign of theirs, and why."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from campaigns.design.models import Campaign, CampaignStatus
from lad.mail.kinds import Content, MailKind, Obsolete, mail_kinds
from lad.mail.messages import link
from lad.mail.models import MailDelivery
from lad.mail.services import new_deliveries, queue_all
from lad.outbox.consumers import Batch, Event
from tenants.teams.services.recipients import addresses_of

TEMPLATE: Final = "campaigns/design/mail/campaign-paused"


def queue_notices(batch: Batch) -> None:
    """Queue a mail to the campaign's member and the tenant's managers for each campaign that LAD has paused."""
    campaigns = {row.pk: row for row in Campaign.objects.filter(pk__in=batch.aggregate_ids)}
    queue_all(mail for event in batch for mail in _mails(event, campaigns.get(event.aggregate_id)))


def _mails(event: Event, campaign: Campaign | None) -> Iterator[MailDelivery]:
    if campaign is not None:
        to = addresses_of(tenant_id=campaign.tenant_id, user_id=campaign.created_by_user_id)
        yield from new_deliveries(event, CAMPAIGN_PAUSED, to=to, subject_id=campaign.pk)


def _build(delivery: MailDelivery, now: datetime) -> Content:
    campaign = Campaign.objects.filter(pk=delivery.subject_id).first()
    if campaign is None:
        raise Obsolete("The campaign was deleted.")
    if campaign.status != CampaignStatus.PAUSED:
        raise Obsolete("The campaign is not paused any more.")
    context = {
        "name": campaign.name,
        "reason": campaign.last_execution_reason,
        "link": link(f"/campaigns/{campaign.pk}", page=f"campaigns/campaign/{campaign.pk}/change/"),
    }
    return Content(f"{campaign.name} was paused", TEMPLATE, context)


CAMPAIGN_PAUSED: Final = mail_kinds.register(MailKind("campaign_paused", "Campaign paused by LAD", _build))
