"""Where somebody is who was called."""

from zoneinfo import ZoneInfo

from leads.contactability.whereabouts import whereabouts
from leads.contacts.models import Lead
from tenants.teams.models import Tenant
from voice.calls.models import CallLog


def zone_of(call: CallLog, lead: Lead) -> ZoneInfo:
    """Return the time zone of the person: by the number that was called, and where the lead is."""
    tenant = Tenant.objects.only("timezone", "country").get(pk=lead.tenant_id)
    place = whereabouts(
        str(call.phone.e164), lead.location or "", tenant_zone=tenant.timezone, tenant_country=tenant.country
    )
    return place.zones[0]
