"""What happens in the campaigns domain, and who acts on it.

Plain changes of its rows (created, updated, deleted, restored) are in the catalogue by themselves.
"""

from campaigns.enrolment.models import OPEN_ENROLMENTS, CampaignLead, EnrolmentStatus
from lad.outbox.consumers import Batch, consumes


@consumes("leads.lead.updated", name="archived-leads-leave-campaigns")
def stop_enrolments_of_archived_leads(batch: Batch) -> None:
    """Stops the open enrolments of leads that were archived."""
    archived = [event.aggregate_id for event in batch if "is_archived" in event.payload.get("changed", ())]
    open_ones = CampaignLead.objects.filter(lead__in=archived, lead__is_archived=True, status__in=OPEN_ENROLMENTS)
    open_ones.update(status=EnrolmentStatus.STOPPED)
