"""Admin pages of telephone numbers."""

from typing import Any

from django import forms
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextInputWidget

from lad.admin.base import TenantModelAdmin, register
from lad.admin.forms import LadModelForm
from voice.numbers.models import VoiceNumber
from voice.phone_search import PhoneSearchMixin


class NumberForm(LadModelForm):
    """Asks for the number as people write it."""

    phone = forms.CharField(
        label="Number",
        max_length=50,
        widget=UnfoldAdminTextInputWidget,
        help_text="With its country code, or as it is dialled in the tenant's country.",
    )

    def shown_values(self) -> dict[str, Any]:
        return {"phone": self.instance.phone.international}

    def values(self) -> dict[str, Any]:
        """Return the number beside the values of the columns, if it was entered or changed."""
        entered = {"phone": self.cleaned_data["phone"]} if "phone" in self.changed_data else {}
        return {**super().values(), **entered}


@register(VoiceNumber)
class VoiceNumberAdmin(PhoneSearchMixin, TenantModelAdmin):
    area = "voice"
    section, icon, rank = "Voice", "dialpad", 40
    list_display = ["number", "status", "provider", "default_agent", "directions", "created_at"]
    list_filter = ["status", "provider", "default_agent", "created_at"]
    add_fieldsets = [(None, {"fields": ["phone", "status", "provider", "default_agent", "metadata"]})]
    fieldsets = [
        (None, {"fields": ["phone"]}),
        ("Usage", {"fields": ["status", "provider", "default_agent", "directions"]}),
        ("Carrier", {"fields": ["carrier_account", "carrier_reference"]}),
        ("Data", {"fields": ["metadata"]}),
    ]
    form = NumberForm
    readonly_fields = ["directions"]

    @display(description="Number", ordering="base_number")
    def number(self, obj: VoiceNumber) -> str:
        return str(obj.phone.international)

    @display(description="Calls")
    def directions(self, obj: VoiceNumber) -> str:
        rules = obj.metadata.get("rules", {})
        allowed = [direction for direction in ("inbound", "outbound") if rules.get(direction, True)]
        return " and ".join(allowed) or "none"
