"""Who in the tenant looks after a lead that was called."""

from leads.contacts.models import Lead
from tenants.access.roles import Role
from tenants.accounts.models import User
from tenants.teams.models import Membership
from voice.calls.models import CallLog


def keeper_of(lead: Lead, call: CallLog | None) -> User | None:
    """Return the lead's owner, or else who started the call, or else the tenant's owner. None if there is nobody.

    All of them are active members. Call it in the tenant's scope.
    """
    wanted = [lead.assigned_user_id, call.initiated_by_user_id if call is not None else None]
    members = Membership.objects.filter(tenant=lead.tenant_id, user__is_active=True).select_related("user")
    found = {row.user_id: row.user for row in members.filter(user__in=[key for key in wanted if key])}
    chosen = next((found[key] for key in wanted if key in found), None)
    if chosen is not None:
        return chosen
    owner = members.filter(role=Role.OWNER).order_by("created_at").first()
    return owner.user if owner is not None else None
