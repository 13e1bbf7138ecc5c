"""The page of carrier accounts."""

from django.contrib import messages
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from unfold.decorators import display

from lad.admin.actions import row_action
from lad.admin.base import SharedModelAdmin, register
from lad.tenancy.access import actor_of
from lad.types import Values
from voice.carriers import services
from voice.carriers.callback_addresses import callback_url
from voice.carriers.endpoints import endpoints
from voice.carriers.models import AccountStatus, CarrierAccount
from voice.carriers.providers import LIVEKIT
from voice.carriers.services import Tested

STATUS_COLOURS = {
    AccountStatus.UNTESTED.label: "default",
    AccountStatus.CONNECTED.label: "success",
    AccountStatus.REFUSED.label: "danger",
    AccountStatus.UNREACHABLE.label: "warning",
}
MAX_NUMBERS_SHOWN = 50
NO_NUMBERS = "Test the account to see them."
NO_CALLBACKS = "LAD cannot be reached over https, so it looks calls up."
LIVEKIT_CALLBACKS = (
    "{}<br>Enter it as a webhook of your LiveKit project. Status callbacks of a trunk of Twilio's go to {}twilio/"
)


@register(CarrierAccount)
class CarrierAccountAdmin(SharedModelAdmin):
    area = "carriers"
    section, icon, rank = "Voice", "settings_phone", 50
    empty_hint = "Calls are placed through an account at a carrier: the tenant's own, or LAD's."
    list_display = ["name", "carrier", "status_label", "is_active", "sandbox", "tenant", "tested_at", "created_at"]
    list_filter = ["carrier", "status", "is_active", "created_at"]
    search_fields = ["name__startswith"]
    actions_detail = ["resume", "test_account"]
    fieldsets = [
        (None, {"fields": ["name", ("is_active", "sandbox")]}),
        ("Carrier", {"fields": ["carrier", "base_url", "key_id", "secret", "webhook_secret", "agent"]}),
        ("Callbacks", {"fields": ["callback_address"]}),
        ("Limits", {"fields": [("max_concurrent", "inbound_reserve")]}),
        (
            "State",
            {
                "fields": [
                    ("status_label", "tested_at"),
                    "status_reason",
                    ("paused_until", "pause_reason"),
                    "numbers_found",
                ]
            },
        ),
    ]
    readonly_fields = [
        "sandbox",
        "callback_address",
        "status_label",
        "status_reason",
        "tested_at",
        "paused_until",
        "numbers_found",
    ]

    @display(description="Status", label=STATUS_COLOURS, ordering="status")
    def status_label(self, obj: CarrierAccount) -> str:
        return str(obj.get_status_display())

    @display(description="Sandbox", label={"Sandbox": "warning"})
    def sandbox(self, obj: CarrierAccount) -> str:
        return "Sandbox" if endpoints.is_sandbox(obj.base_url) else ""

    @display(description="Address")
    def callback_address(self, obj: CarrierAccount) -> str | SafeString:
        """Show where the carrier reports, and for LiveKit where its webhooks and Twilio's callbacks are set to."""
        address = callback_url(obj) if obj.pk else ""
        if not address or obj.carrier != LIVEKIT.key:
            return address or NO_CALLBACKS
        return format_html(LIVEKIT_CALLBACKS, address, address)

    @display(description="Numbers")
    def numbers_found(self, obj: CarrierAccount) -> str | SafeString:
        shown = sorted(obj.numbers.items())[:MAX_NUMBERS_SHOWN]
        return format_html_join(mark_safe("<br>"), "{} ({})", shown) or NO_NUMBERS

    @row_action(
        "Test account",
        explanation="Asks the carrier for the account's numbers. It places no call and costs nothing.",
        when=lambda row: row.deleted_at is None,
        icon="cable",
        asks=lambda row: services.test_account(account=row),
    )
    def test_account(self, request: HttpRequest, row: CarrierAccount, values: Values, tested: Tested) -> str | None:
        if tested.succeeded:
            return " ".join(filter(None, ["The carrier answers.", tested.reason]))
        messages.error(request, tested.reason)
        return None

    @row_action(
        "Resume",
        explanation="Calls are placed through it again. Failures before count no more.",
        when=lambda row: row.deleted_at is None and row.paused_until is not None and row.paused_until > timezone.now(),
        icon="play_arrow",
    )
    def resume(self, request: HttpRequest, row: CarrierAccount, values: Values) -> str:
        services.resume_account(account=row, actor=actor_of(request))
        return f"Calls are placed through {row} again."
