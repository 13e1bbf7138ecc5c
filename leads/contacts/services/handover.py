"""Hand over the leads of a member who leaves."""

from typing import Final
from uuid import UUID

from lad.jobs.services import start
from lad.tenancy.access import Access
from leads.contacts.jobs import ASSIGN
from leads.contacts.models import Lead
from leads.contacts.services.leads import MAX_LEADS, assign_many
from tenants.accounts.models import User
from tenants.teams.extensions import Holding, add_holding

IN_BACKGROUND: Final = "{count:,} leads are being assigned to {to} in the background. Watch it under Jobs."


def count(user_id: UUID) -> int:
    """Return how many leads are assigned to the user."""
    return Lead.objects.filter(assigned_user=user_id).count()


def hand_over(user_id: UUID, to: User, access: Access) -> list[str]:
    """Assign the user's leads to another member: a few at once, more by a job."""
    leads = Lead.objects.filter(assigned_user=user_id)
    keys = list(leads.order_by("pk").values_list("pk", flat=True)[: MAX_LEADS + 1])
    if len(keys) <= MAX_LEADS:
        assign_many(ids=keys, user=to, actor=access.user)
        return []
    job = start(kind=ASSIGN, rows=leads, parameters={"assigned_user": str(to.pk)}, access=access)
    return [IN_BACKGROUND.format(count=job.total, to=to.full_name or to.email)]


add_holding(Holding("leads", "leads.update", count, hand_over))
