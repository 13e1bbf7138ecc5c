"""Consumers of events that change templates."""

from campaigns.templates.models import CommunicationTemplate
from lad.outbox.consumers import Batch, consumes


@consumes("voice.agent.deleted", name="templates-of-deleted-agents")
def free_templates_of_deleted_agents(batch: Batch) -> None:
    """Offer the templates of a deleted voice agent to all agents."""
    # An agent's key is a number. Events carry it as a UUID with that value.
    agents = [key.int for key in batch.aggregate_ids]
    CommunicationTemplate.all_objects.filter(agent_id__in=agents).update(agent_id=None)
