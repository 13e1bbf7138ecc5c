"""What happens in the campaigns domain, and who acts on it.

Plain changes of its rows (created, updated, deleted, restored) are in the catalogue by themselves.
"""

from campaigns.templates.models import CommunicationTemplate
from lad.outbox.consumers import Batch, consumes


@consumes("voice.agent.deleted", name="templates-of-deleted-agents")
def free_templates_of_deleted_agents(batch: Batch) -> None:
    """Makes templates that were for one voice agent only templates for all when the agent is deleted."""
    # An agent's key is a number; events carry it as a UUID of that value.
    agents = [key.int for key in batch.aggregate_ids]
    CommunicationTemplate.all_objects.filter(agent_id__in=agents).update(agent_id=None)
