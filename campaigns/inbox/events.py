"""Follow leads: who they are assigned to, and people in the inbox who become leads. Messages are followed here too."""

from uuid import UUID

from campaigns.inbox.services import following, keeping, linking
from lad.outbox.consumers import Batch, consumes
from leads.contacts.models import Lead

__all__ = ["following"]

# A change of these can make somebody in the inbox a lead.
ADDRESSES = frozenset({"email", "phone", "linkedin_url"})
# A conversation is found by these.
NAMES = frozenset({"first_name", "last_name", "company_name", "email"})


@consumes("leads.lead.assigned", name="conversations-follow-their-leads", scope="tenant")
def assign_conversations(batch: Batch) -> None:
    """Assign the conversations of leads that were assigned, unless somebody else has taken them."""
    for event in batch:
        if event.aggregate_id is not None:
            linking.follow_assignment(
                lead_id=event.aggregate_id,
                before=_key(event.payload.get("before")),
                after=_key(event.payload.get("after")),
            )


@consumes(["leads.lead.created", "leads.lead.updated"], name="strangers-become-leads", scope="tenant")
def link_strangers(batch: Batch) -> None:
    """Give the conversations with addresses of no lead to the lead that has such an address now."""
    keys = {
        event.aggregate_id
        for event in batch
        if event.type.endswith("created") or ADDRESSES.intersection(event.payload.get("changed", ()))
    }
    linking.link_leads(list(Lead.objects.filter(pk__in=keys)))


@consumes("leads.lead.updated", name="conversations-keep-names", scope="tenant")
def rename_conversations(batch: Batch) -> None:
    """Let the search of the inbox find leads by their new names and addresses."""
    renamed = [each.aggregate_id for each in batch if NAMES.intersection(each.payload.get("changed", ()))]
    keys = [key for key in renamed if key is not None]
    for tenant_id in batch.tenant_ids if keys else ():
        keeping.rename(tenant_id=tenant_id, lead_ids=keys)


def _key(value: object) -> UUID | None:
    return UUID(str(value)) if value else None
