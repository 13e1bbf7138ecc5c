"""What happens in the campaigns domain, and who acts on it.

Plain changes of its rows (created, updated, deleted, restored) are in the catalogue by themselves.
"""

from campaigns.models import CampaignLead, CommunicationTemplate, EnrolmentStatus
from campaigns.services.lifecycle import OPEN_ENROLMENTS
from tenants.outbox import Batch, consumes, define

define("campaigns.campaign.started", "{actor} started {subject}", fields=["next_run_at"])
define("campaigns.campaign.resumed", "{actor} resumed {subject}", fields=["next_run_at"])
define("campaigns.campaign.paused", "{actor} paused {subject}")
define("campaigns.campaign.stopped", "{actor} stopped {subject}", fields=["enrolments", "activities"])
define("campaigns.campaign.completed", "{subject} was completed")
define("campaigns.campaign.archived", "{actor} archived {subject}", fields=["before"])
define("campaigns.campaign.steps_reordered", "{actor} put the steps of {subject} in another order", fields=["steps"])
define(
    "campaigns.campaign.leads_enrolled",
    "{actor} enrolled {enrolled} leads in {subject}",
    fields=["enrolled", "already", "archived", "without_address", "unknown"],
)
define("campaigns.lead.created", "{actor} enrolled {subject}", optional=["changed"])


@consumes("leads.lead.updated", name="archived-leads-leave-campaigns")
def stop_enrolments_of_archived_leads(batch: Batch) -> None:
    """Stops the open enrolments of leads that were archived."""
    archived = [event.aggregate_id for event in batch if "is_archived" in event.payload.get("changed", ())]
    open_ones = CampaignLead.objects.filter(lead__in=archived, lead__is_archived=True, status__in=OPEN_ENROLMENTS)
    open_ones.update(status=EnrolmentStatus.STOPPED)


@consumes("voice.agent.deleted", name="templates-of-deleted-agents")
def free_templates_of_deleted_agents(batch: Batch) -> None:
    """Makes templates that were for one voice agent only templates for all when the agent is deleted."""
    # An agent's key is a number; events carry it as a UUID of that value.
    agents = [key.int for key in batch.aggregate_ids]
    CommunicationTemplate.all_objects.filter(agent_id__in=agents).update(agent_id=None)
