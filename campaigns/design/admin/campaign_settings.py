"""The settings of a campaign as a form, and as what its page shows of them.

Only what somebody changes on the form is written, so that settings which the form does not know, and those that are
stored in another way with the same meaning, stay as they are.
"""

import json
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import time
from decimal import Decimal
from hashlib import sha256
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict

from campaigns.accounts.models import EmailAccount
from campaigns.design.models import Campaign, CampaignType
from campaigns.design.schedule import (
    LEAD_ZONE,
    MAX_DAYS,
    MAX_PER_DAY,
    TENANT_ZONE,
    Repetition,
    ReplyRule,
    Schedule,
    schedule_of,
)
from lad.admin.grouped_forms import FieldGroup, GroupedForm
from lad.admin.widgets import zone_choices
from lad.types import Values
from leads.contactability.decisions import place_in_words
from leads.contactability.models import WEEKDAYS

MIDNIGHT: Final = time()
CHANGED_MEANWHILE: Final = (
    "Somebody changed the settings after you opened this page. Your entries are kept here and not saved yet: compare"
    " them with the campaign’s page, and save again to apply them."
)
GROUPS: Final = (
    FieldGroup("What it is for", ("goal", "campaign_type")),
    FieldGroup(
        "Sending window",
        ("window__start", "window__end", "window__days", "window__zone", "window__skips_holidays"),
        "Messages leave in these hours only. The contact hours of your company apply as well.",
    ),
    FieldGroup(
        "Pace",
        ("daily_cap", "intake_per_day", "max_active"),
        "Empty means no limit. Each mailbox also has a daily limit, a gap between messages and a ramp-up of its own;"
        " you find them on the page of the mailbox.",
    ),
    FieldGroup(
        "Whom it may contact",
        ("recent_touch_days", "re_enrolment", "exclusive"),
        "The do-not-contact list and your company’s limits per lead always apply.",
    ),
    FieldGroup(
        "When it stops for a lead",
        ("stop__on_reply", "stop__on_booking", "stop__on_click"),
        "Whoever unsubscribes or complains is stopped in every campaign. An out-of-office note is no reply: the lead"
        " rests until the day after its return.",
    ),
    FieldGroup(
        "Tracking",
        ("tracking__opens", "tracking__clicks"),
        "Many mail programs load pictures and follow links by themselves, and some filters distrust both.",
    ),
    FieldGroup("Mailboxes", ("email_accounts",), "None chosen means every active mailbox."),
    FieldGroup(
        "Pause by itself",
        ("breaker__bounce_rate", "breaker__complaint_rate", "breaker__error_rate", "breaker__minimum"),
        "The campaign is paused once one of these shares of its messages is reached.",
    ),
)
REPETITIONS: Final = [
    (Repetition.ONCE, "Never again"),
    (Repetition.NOT_WHILE_ACTIVE, "Once it has finished"),
    (Repetition.ANY, "At any time; it then begins anew"),
]
REPETITIONS_IN_WORDS: Final = {
    Repetition.ONCE: "each lead once",
    Repetition.NOT_WHILE_ACTIVE: "a lead again once it has finished",
    Repetition.ANY: "a lead again at any time",
}
REPLY_RULES: Final = [
    (ReplyRule.LEAD, "The lead who replied"),
    (ReplyRule.COMPANY, "Everybody of the lead’s company"),
    (ReplyRule.NOBODY, "Nobody; a condition can ask for replies"),
]


class TimeInput(forms.TimeInput):
    """The browser's own picker of a time of day."""

    input_type = "time"


def _no_change(value: Any) -> Any:
    return value


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its field, what the form shows of the campaign's, and how an entry is stored.

    ``name`` joins an object and its property with two underscores.
    """

    name: str
    field: Callable[[Campaign], forms.Field]
    shown: Callable[[Campaign, Schedule], Any]
    stored: Callable[[Any], Any] = _no_change

    @property
    def path(self) -> list[str]:
        return self.name.split("__")


def _limit(label: str, help_text: str) -> Callable[[Campaign], forms.Field]:
    return lambda _row: forms.IntegerField(
        label=label, help_text=help_text, required=False, min_value=1, max_value=MAX_PER_DAY
    )


def _flag(label: str, help_text: str = "") -> Callable[[Campaign], forms.Field]:
    return lambda _row: forms.BooleanField(label=label, help_text=help_text, required=False)


def _share(label: str) -> Callable[[Campaign], forms.Field]:
    return lambda _row: forms.DecimalField(
        label=label, help_text="Per cent.", min_value=0, max_value=100, max_digits=7, decimal_places=4
    )


def _choice(label: str, choices: list[tuple[Any, str]], help_text: str = "") -> Callable[[Campaign], forms.Field]:
    return lambda _row: forms.ChoiceField(label=label, choices=choices, help_text=help_text)


def _clock(label: str) -> Callable[[Campaign], forms.Field]:
    return lambda _row: forms.TimeField(
        label=label, required=False, widget=TimeInput(), help_text="Midnight or empty means the whole day."
    )


def _zone_field(row: Campaign) -> forms.Field:
    own = [(LEAD_ZONE, "The lead’s"), (TENANT_ZONE, f"Your company’s ({row.tenant.timezone})")]
    return forms.ChoiceField(label="Time zone", choices=[*own, *zone_choices("")[1:]])


def _days_field(_row: Campaign) -> forms.Field:
    return forms.MultipleChoiceField(
        label="Days",
        choices=[(day, day.capitalize()) for day in WEEKDAYS],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one day."},
    )


def _accounts_field(row: Campaign) -> forms.Field:
    """Offer the active mailboxes, and those that are chosen already."""
    chosen = {str(key) for key in schedule_of(row).email_accounts}
    accounts = EmailAccount.objects.filter(tenant=row.tenant_id).order_by("email")
    known = [(str(each.pk), each.email) for each in accounts if each.is_active or str(each.pk) in chosen]
    gone = chosen - {key for key, _email in known}
    return forms.MultipleChoiceField(
        label="Send from",
        choices=[*known, *((key, "A mailbox that was removed") for key in sorted(gone))],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )


def _percent(share: float) -> Decimal:
    percent = (Decimal(str(share)) * 100).normalize()
    return percent.quantize(1) if percent == percent.to_integral() else percent


def _as_share(percent: Decimal) -> float:
    return float(percent / 100)


def _breaker(name: str, label: str) -> Setting:
    return Setting(
        f"breaker__{name}",
        _share(label),
        lambda _row, plan: _percent(getattr(plan.breaker, name)),
        _as_share,
    )


SETTINGS: Final = (
    Setting(
        "goal",
        lambda _row: forms.CharField(
            label="Goal",
            required=False,
            max_length=500,
            help_text="For people: what the campaign is to reach. A step of the type “Goal” counts who reached it.",
        ),
        lambda row, _plan: row.config.get("goal", ""),
    ),
    Setting(
        "campaign_type",
        lambda _row: forms.ChoiceField(
            label="Kind",
            required=False,
            choices=[("", "–"), *CampaignType.choices],
            help_text="An inbound campaign goes on and waits for new leads when all have finished.",
        ),
        lambda row, _plan: row.config.get("campaign_type", ""),
    ),
    Setting("window__start", _clock("From"), lambda _row, plan: plan.window.start, lambda value: f"{value:%H:%M}"),
    Setting("window__end", _clock("To"), lambda _row, plan: plan.window.end, lambda value: f"{value:%H:%M}"),
    Setting(
        "window__days",
        _days_field,
        lambda _row, plan: [day for number, day in enumerate(WEEKDAYS) if number in plan.window.days],
    ),
    Setting("window__zone", _zone_field, lambda _row, plan: plan.window.zone),
    Setting(
        "window__skips_holidays",
        _flag("Not on holidays", "Those of the lead’s country and your company’s own."),
        lambda _row, plan: plan.window.skips_holidays,
    ),
    Setting(
        "daily_cap",
        _limit("Messages a day", "Further messages wait for the next day."),
        lambda _row, plan: plan.daily_cap,
    ),
    Setting(
        "intake_per_day",
        _limit("New leads a day", "How many begin the campaign each day."),
        lambda _row, plan: plan.intake_per_day,
    ),
    Setting(
        "max_active",
        _limit("Leads at the same time", "New ones begin when others have finished."),
        lambda _row, plan: plan.max_active,
    ),
    Setting(
        "recent_touch_days",
        lambda _row: forms.IntegerField(
            label="Days of rest after another contact",
            min_value=0,
            max_value=MAX_DAYS,
            help_text="Leads that anybody contacted since wait before they begin. 0 means no rest.",
        ),
        lambda _row, plan: plan.recent_touch_days,
    ),
    Setting(
        "re_enrolment",
        _choice("A lead may be enrolled again", list(REPETITIONS)),
        lambda _row, plan: plan.re_enrolment,
    ),
    Setting(
        "exclusive",
        _flag("Only this campaign", "Its leads begin no other campaign meanwhile, and wait until others are through."),
        lambda _row, plan: plan.exclusive,
    ),
    Setting("stop__on_reply", _choice("A reply stops", list(REPLY_RULES)), lambda _row, plan: plan.stop.on_reply),
    Setting("stop__on_booking", _flag("An appointment stops the lead"), lambda _row, plan: plan.stop.on_booking),
    Setting("stop__on_click", _flag("A click stops the lead"), lambda _row, plan: plan.stop.on_click),
    Setting("tracking__opens", _flag("Track opens"), lambda _row, plan: plan.tracking.opens),
    Setting("tracking__clicks", _flag("Track clicks"), lambda _row, plan: plan.tracking.clicks),
    Setting("email_accounts", _accounts_field, lambda _row, plan: [str(each) for each in plan.email_accounts]),
    _breaker("bounce_rate", "Bounces"),
    _breaker("complaint_rate", "Complaints"),
    _breaker("error_rate", "Failures"),
    Setting(
        "breaker__minimum",
        lambda _row: forms.IntegerField(
            label="Messages before it counts",
            min_value=1,
            max_value=MAX_PER_DAY,
            help_text="Fewer say little.",
        ),
        lambda _row, plan: plan.breaker.minimum,
    ),
)


class CampaignSettingsForm(GroupedForm):
    """All settings of a campaign. ``opened`` tells whether somebody else has changed them since."""

    groups = GROUPS
    digest: str

    opened = forms.CharField(widget=forms.HiddenInput, required=False)

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or self.cleaned_data
        if values.get("opened") != self.digest:
            # The next attempt knows of the change.
            entries = QueryDict(mutable=True)
            entries.update(self.data)
            entries["opened"] = self.digest
            self.data = entries
            raise ValidationError(CHANGED_MEANWHILE)
        for name in ("window__start", "window__end"):
            if name in values:
                values[name] = values[name] or MIDNIGHT
        start, end = values.get("window__start"), values.get("window__end")
        if start == end and start not in (None, MIDNIGHT):
            self.add_error("window__end", "The window must end at another time than it starts.")
        return values


def settings_form(campaign: Campaign) -> type[forms.Form]:
    """Return a form with the campaign's settings."""
    plan, digest = schedule_of(campaign), _digest(campaign.config)
    fields: dict[str, Any] = {}
    for setting in SETTINGS:
        fields[setting.name] = setting.field(campaign)
        fields[setting.name].initial = setting.shown(campaign, plan)
    opened = forms.CharField(widget=forms.HiddenInput, required=False, initial=digest)
    return type("SettingsForm", (CampaignSettingsForm,), {**fields, "opened": opened, "digest": digest})


def entered_settings(campaign: Campaign, entered: Values) -> dict[str, Any]:
    """Return the campaign's config with what was changed on the form."""
    config, plan = deepcopy(campaign.config), schedule_of(campaign)
    for setting in SETTINGS:
        value = entered[setting.name]
        if _same(value, setting.shown(campaign, plan)):
            continue
        _put(config, setting.path, None if value in (None, "", []) else setting.stored(value))
        if setting.name == "window__days" and "working_days" in config:
            # An older name of the same setting.
            config["working_days"] = value
    return config


def settings_in_words(campaign: Campaign) -> list[tuple[str, str]]:
    """Return what the settings come to, by subject. Subjects without a setting are left out."""
    plan = schedule_of(campaign)
    zones = {LEAD_ZONE: "the lead’s time", TENANT_ZONE: "your company’s time"}
    zone = zones.get(plan.window.zone, f"{place_in_words(plan.window.zone)} time")
    accounts = len(plan.email_accounts)
    found = [
        ("Goal", campaign.config.get("goal", "")),
        ("Kind", dict(CampaignType.choices).get(campaign.config.get("campaign_type", ""), "")),
        ("Sending window", f"{plan.window.in_words()}, {zone}" + _if(plan.window.skips_holidays, ", not on holidays")),
        (
            "Pace",
            _joined(
                _if(plan.daily_cap, f"{plan.daily_cap or 0:,} messages a day"),
                _if(plan.intake_per_day, f"{plan.intake_per_day or 0:,} new leads a day"),
                _if(plan.max_active, f"{plan.max_active or 0:,} leads at the same time"),
            )
            or "No limit but those of the mailboxes",
        ),
        (
            "Whom it may contact",
            _joined(
                _if(plan.recent_touch_days, f"rest of {plan.recent_touch_days} days after another contact"),
                REPETITIONS_IN_WORDS[plan.re_enrolment],
                _if(plan.exclusive, "only this campaign"),
            ),
        ),
        (
            "Stops for a lead on",
            _joined(
                {"lead": "a reply", "company": "a reply of anybody at the company", "nobody": ""}[plan.stop.on_reply],
                _if(plan.stop.on_booking, "an appointment"),
                _if(plan.stop.on_click, "a click"),
            )
            or "Nothing but an unsubscription or a complaint",
        ),
        ("Tracks", _joined(_if(plan.tracking.opens, "opens"), _if(plan.tracking.clicks, "clicks")) or "Nothing"),
        ("Mailboxes", f"{accounts:,} chosen" if accounts else "Every active one"),
        (
            "Pauses by itself at",
            f"{_percent(plan.breaker.bounce_rate)} % bounces, {_percent(plan.breaker.complaint_rate)} % complaints,"
            f" {_percent(plan.breaker.error_rate)} % failures, after {plan.breaker.minimum:,} messages",
        ),
    ]
    return [(title, text[:1].upper() + text[1:]) for title, text in found if text]


def _joined(*parts: str) -> str:
    return ", ".join(part for part in parts if part)


def _if(condition: object, text: str) -> str:
    return text if condition else ""


def _same(entered: Any, shown: Any) -> bool:
    """Return whether the values are equal. Lists of choices have no order."""
    if isinstance(entered, list) and isinstance(shown, list):
        return sorted(entered) == sorted(shown)
    return bool(entered == shown)


def _put(config: dict[str, Any], path: list[str], value: Any) -> None:
    """Store the value in the config, or take the setting out if it is None."""
    *outer, name = path
    place = config
    for each in outer:
        place = place.setdefault(each, {})
    if value is None:
        place.pop(name, None)
    else:
        place[name] = value


def _digest(config: Mapping[str, Any]) -> str:
    return sha256(json.dumps(config, sort_keys=True).encode()).hexdigest()
