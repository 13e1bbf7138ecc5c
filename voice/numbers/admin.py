"""Admin pages of telephone numbers."""

from datetime import timedelta
from typing import Any, ClassVar, Final
from zoneinfo import ZoneInfo

from django import forms
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString
from unfold.decorators import display
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from lad import countries
from lad.admin.actions import row_action
from lad.admin.base import ReadOnlyAdmin, register
from lad.admin.chips import ChipsField, ChipsWidget
from lad.admin.json_parts import JsonPartsAdmin, JsonPartsForm, Part, unless_off
from lad.tenancy.access import actor_of
from lad.types import Values
from voice import formatting
from voice.numbers import health
from voice.numbers.destinations import allowed_by
from voice.numbers.models import NumberDay, VoiceNumber
from voice.phone_search import PhoneSearchMixin

HEALTH_COLOURS: Final = {
    health.Label.HEALTHY: "success",
    health.Label.WATCH: "warning",
    health.Label.REST: "danger",
}
DAYS_SHOWN: Final = 14
EVERY_COUNTRY: Final = "Every country"
NO_COUNTRY: Final = "“{word}” is no country. Choose one from the list."
MAX_PLACE: Final = 100
RULES: Final = ("Rules", {"fields": ["inbound", "outbound", "allowed_outbound"]})
DAYS_READ: Final = timedelta(days=health.WINDOW_DAYS + 1)


class RestForm(forms.Form):
    """Ask how long a number rests, and why."""

    days = forms.IntegerField(
        min_value=1,
        max_value=health.LONGEST_REST.days - 1,
        initial=health.REST.days,
        widget=UnfoldAdminIntegerFieldWidget,
    )
    reason = forms.CharField(required=False, max_length=500, widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}))


def _countries(stored: object) -> list[str]:
    """Return the codes of the countries that a number may call, and the words that name none; nothing for all."""
    allowed = allowed_by(stored)
    return [*sorted(allowed.regions or ()), *allowed.unknown]


def _countries_in_words(shown: list[str]) -> str:
    return ", ".join(sorted(countries.NAMES.get(each, each) for each in shown)) or EVERY_COUNTRY


class NumberForm(JsonPartsForm):
    """Asks for the number as people write it, and for its rules."""

    phone = forms.CharField(
        label="Number",
        max_length=50,
        widget=UnfoldAdminTextInputWidget,
        help_text="With its country code, or as it is dialled in the tenant's country.",
    )

    inbound = forms.BooleanField(
        label="Takes calls", required=False, initial=True, widget=UnfoldBooleanWidget, help_text="Its agent answers."
    )
    outbound = forms.BooleanField(label="May call", required=False, initial=True, widget=UnfoldBooleanWidget)
    allowed_outbound = ChipsField(
        label="May call to",
        choices=countries.choices,
        max_item_length=MAX_PLACE,
        widget=ChipsWidget(attrs={"data-placeholder": EVERY_COUNTRY}),
        help_text="Choose countries. Empty means every country.",
    )
    parts: ClassVar[dict[str, Part]] = {
        "inbound": Part("metadata", ("rules", "inbound"), unless_off),
        "outbound": Part("metadata", ("rules", "outbound"), unless_off),
        "allowed_outbound": Part("metadata", ("rules", "allowed_outbound"), _countries, _countries_in_words),
    }

    def shown_values(self) -> dict[str, Any]:
        return {**super().shown_values(), "phone": self.instance.phone.international}

    def clean_allowed_outbound(self) -> list[str]:
        """Return the codes of the countries, which may be typed by their other names. Refuse words that name none."""
        entered: list[str] = self.cleaned_data["allowed_outbound"]
        if "allowed_outbound" not in self.changed_data:
            return entered
        allowed = allowed_by(entered)
        if allowed.unknown:
            raise forms.ValidationError([NO_COUNTRY.format(word=word) for word in allowed.unknown])
        return sorted(allowed.regions or ())

    def values(self) -> dict[str, Any]:
        """Return the number beside the values of the columns, if it was entered or changed."""
        entered = {"phone": self.cleaned_data["phone"]} if "phone" in self.changed_data else {}
        return {**super().values(), **entered}


@register(VoiceNumber)
class VoiceNumberAdmin(PhoneSearchMixin, JsonPartsAdmin):
    area = "voice"
    section, icon, rank = "Voice", "dialpad", 40
    list_display = [
        "number",
        "status",
        "health_label",
        "today",
        "provider",
        "default_agent",
        "directions",
        "created_at",
    ]
    list_filter = ["status", "provider", "default_agent", "resting_until", "created_at"]
    list_select_related = ["tenant"]
    add_fieldsets = [(None, {"fields": ["phone", "status", "provider", "default_agent"]}), RULES]
    fieldsets = [
        (None, {"fields": ["phone"]}),
        ("Usage", {"fields": ["status", "provider", "default_agent"]}),
        RULES,
        ("Limits", {"fields": [("daily_cap", "max_concurrent"), "today"]}),
        ("Health", {"fields": ["health_shown", "health_reasons", ("resting_until", "rest_reason"), "last_days"]}),
        ("Carrier", {"fields": ["carrier_account", "carrier_reference"]}),
        ("Data", {"fields": ["other_data"]}),
    ]
    form = NumberForm
    readonly_fields = ["today", "health_shown", "health_reasons", "resting_until", "last_days"]
    actions_detail = ["rest", "resume"]

    class Media:
        css = formatting.MEDIA_CSS

    def listed(self, request: HttpRequest, rows: QuerySet) -> QuerySet:
        days = NumberDay.objects.filter(day__gte=(timezone.now() - DAYS_READ).date())
        return super().listed(request, rows).prefetch_related(Prefetch("days", days, to_attr="read_days"))

    @display(description="Number", ordering="base_number")
    def number(self, obj: VoiceNumber) -> str:
        return str(obj.phone.international)

    @display(description="Calls")
    def directions(self, obj: VoiceNumber) -> str:
        rules = obj.metadata.get("rules", {})
        allowed = [direction for direction in ("inbound", "outbound") if rules.get(direction, True)]
        return " and ".join(allowed) or "none"

    @display(description="Health", label=HEALTH_COLOURS)
    def health_label(self, obj: VoiceNumber) -> tuple[str, str]:
        label = _report(obj).label
        return label.value, str(label.label)

    @display(description="Health")
    def health_shown(self, obj: VoiceNumber) -> str:
        return str(_report(obj).label.label)

    @display(description="Why")
    def health_reasons(self, obj: VoiceNumber) -> str:
        return " ".join(_report(obj).reasons) or "Its last days show nothing unusual."

    @display(description="Calls today")
    def today(self, obj: VoiceNumber) -> str:
        return f"{_report(obj).placed_today:,} of {obj.daily_cap:,}"

    @display(description="Last days")
    def last_days(self, obj: VoiceNumber) -> SafeString:
        rows = NumberDay.objects.filter(number=obj.pk).order_by("-day")[:DAYS_SHOWN]
        days = [(row, health.sum_of([row])) for row in rows]
        return render_to_string("voice/number_days.html", {"days": days})

    @row_action(
        "Let it rest",
        explanation="The number calls nobody for so many days. Calls to it are answered.",
        form=RestForm,
        when=lambda row: row.deleted_at is None and not _rests(row),
        icon="bedtime",
    )
    def rest(self, request: HttpRequest, row: VoiceNumber, values: Values) -> str:
        until = health.end_of_rest(timezone.now(), health.zone_of(row.tenant_id), timedelta(days=values["days"]))
        health.rest(number=row, until=until, reason=values["reason"], actor=actor_of(request))
        return f"{row} rests."

    @row_action(
        "Let it call again",
        explanation="The number calls again. Its figures count anew from tomorrow.",
        when=lambda row: row.deleted_at is None and _rests(row),
        icon="play_arrow",
    )
    def resume(self, request: HttpRequest, row: VoiceNumber, values: Values) -> str:
        health.end_rest(number=row, actor=actor_of(request))
        return f"{row} calls again."


@register(NumberDay)
class NumberDayAdmin(ReadOnlyAdmin):
    area = "voice"
    section, icon, rank = "Voice", "monitor_heart", 42
    empty_hint = "Each day on which a number calls is counted here."
    list_display = ["number", "day", "placed", "answered", "connect_rate", "short", "voicemails", "unanswered"]
    list_filter = ["number", "day"]
    fieldsets = [
        (None, {"fields": ["number", "day"]}),
        ("Calls", {"fields": [("placed", "answered"), ("voicemails", "unanswered"), "failed", "connect_rate"]}),
        ("Signs of trouble", {"fields": [("short", "complaints"), "talk_seconds"]}),
    ]

    @display(description="Connect rate")
    def connect_rate(self, obj: NumberDay) -> str:
        rate = health.sum_of([obj]).connect_rate
        return "–" if rate is None else f"{rate:.0%}"


def _rests(number: VoiceNumber) -> bool:
    return number.resting_until is not None and number.resting_until > timezone.now()


def _report(number: VoiceNumber) -> health.Report:
    """Return how a number stands, by the days that the list has read, or else by reading them once."""
    now = timezone.now()
    kept: health.Report | None = vars(number).get("health_report")
    if kept is None:
        days = vars(number).get("read_days")
        if days is None:
            kept = health.report(number, now=now)
        else:
            kept = health.report_by(number, days, zone=ZoneInfo(number.tenant.timezone), now=now)
        vars(number)["health_report"] = kept
    return kept
