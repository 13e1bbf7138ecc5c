"""Events of campaigns. Created, updated, deleted and restored rows are in the catalogue already."""

from campaigns.design.mails import queue_notices
from lad.outbox.catalogue import define
from lad.outbox.consumers import Batch, consumes

define("campaigns.campaign.started", "{actor} started {subject}", fields=["next_run_at"])
define("campaigns.campaign.resumed", "{actor} resumed {subject}", fields=["next_run_at"])
define("campaigns.campaign.paused", "{actor} paused {subject}")
define("campaigns.campaign.halted", "LAD paused {subject}: {reason}", fields=["reason"])
define("campaigns.campaign.stopped", "{actor} stopped {subject}", fields=["enrolments", "activities"])
define("campaigns.campaign.completed", "{subject} was completed")
define("campaigns.campaign.archived", "{actor} archived {subject}", fields=["before"])
define("campaigns.campaign.steps_reordered", "{actor} put the steps of {subject} in another order", fields=["steps"])
define(
    "campaigns.campaign.leads_enrolled",
    "{actor} enrolled {enrolled} leads in {subject}",
    fields=["enrolled", "already", "archived", "without_address", "refused", "unknown"],
)
define(
    "campaigns.call.requested",
    "A step asks for a call of {subject}",
    fields=["campaign_id", "lead_id", "step_id", "activity_id", "agent_id"],
    in_feed=False,
)
define("campaigns.lead.created", "{actor} enrolled {subject}", optional=["changed"])
define("campaigns.lead.ended", "{subject} went through its campaign", fields=["status", "reason"], in_feed=False)


@consumes(["campaigns.campaign.halted"], name="campaign-paused-mail")
def mail_paused_campaigns(batch: Batch) -> None:
    """Queues a mail to the people of each campaign that LAD has paused."""
    queue_notices(batch)
