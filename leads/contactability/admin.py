"""The pages of suppressions, consent, contact policies, holidays and past touches."""

from lad.admin.base import ReadOnlyAdmin, TenantModelAdmin, register
from leads.contactability.models import ConsentRecord, ContactPolicy, Holiday, LeadTouch, Suppression


@register(Suppression)
class SuppressionAdmin(TenantModelAdmin):
    area = "contactability"
    section, icon, rank = "Leads", "do_not_disturb_on", 70
    empty_hint = "People and companies that nobody contacts stand here, with the reason."
    list_display = ["address", "scope", "channel", "reason", "source", "expires_at", "created_at"]
    list_filter = ["channel", "scope", "reason", "created_at"]
    search_fields = ["address__startswith"]


@register(ConsentRecord)
class ConsentRecordAdmin(ReadOnlyAdmin):
    area = "contactability"
    section, icon, rank = "Leads", "verified_user", 75
    list_display = ["lead", "channel", "purpose", "status", "source", "given_at"]
    list_filter = ["channel", "purpose", "status", "created_at"]


@register(ContactPolicy)
class ContactPolicyAdmin(TenantModelAdmin):
    area = "contact-policy"
    section, icon, rank = "Leads", "policy", 80
    list_display = ["__str__", "skips_holidays", "max_per_day", "max_per_week", "company_stop_days"]


@register(Holiday)
class HolidayAdmin(TenantModelAdmin):
    area = "contact-policy"
    section, icon, rank = "Leads", "event_busy", 85
    list_display = ["day", "name", "country"]
    list_filter = ["day"]


@register(LeadTouch)
class LeadTouchAdmin(ReadOnlyAdmin):
    area = "contactability"
    section, icon, rank = "Leads", "swap_calls", 95
    list_display = ["lead", "channel", "direction", "occurred_at"]
    list_filter = ["channel", "direction", "created_at"]
