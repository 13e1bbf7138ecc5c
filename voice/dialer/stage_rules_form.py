"""The part of the page of rules that says which stage leads move on to after a call: a choice for each outcome."""

from collections.abc import Sequence
from typing import Any, Final

from django import forms
from unfold.widgets import UnfoldAdminSelectWidget

from voice.analysis.models import CallOutcome
from voice.json_schemas import DEFAULT_STAGE_RULES

LABEL: Final = "Stage after a call"
HELP: Final = (
    "Leads only move forward. One that is won or lost stays, and an older call than the newest changes nothing."
)
STAYS: Final = ("", "stays as it is")
OUTCOMES: Final = tuple(
    each for each in CallOutcome if each not in (CallOutcome.VOICEMAIL, CallOutcome.IVR, CallOutcome.NO_CONVERSATION)
)


class StageRulesWidget(forms.MultiWidget):
    """A choice of a stage for each outcome."""

    template_name = "leads/admin/availability.html"

    def __init__(self, stages: Sequence[tuple[str, str]], attrs: dict[str, Any] | None = None) -> None:
        self.known = frozenset(key for key, _label in stages)
        super().__init__([UnfoldAdminSelectWidget(choices=[STAYS, *stages]) for _outcome in OUTCOMES], attrs)

    def decompress(self, value: object) -> list[str]:
        rules = value if isinstance(value, dict) else DEFAULT_STAGE_RULES
        chosen = (rules.get(outcome.value, "") for outcome in OUTCOMES)
        # A rule may name a stage that was removed since.
        return [key if key in self.known else "" for key in chosen]

    def get_context(self, name: str, value: object, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        labels = [f"“{outcome.label}”" for outcome in OUTCOMES]
        context["lines"] = list(zip(labels, context["widget"]["subwidgets"], strict=True))
        return context


class StageRulesField(forms.MultiValueField):
    """The stage that leads move on to, by what came of a call. Nothing chosen means that they stay."""

    def __init__(self, stages: Sequence[tuple[str, str]]) -> None:
        lines = [forms.ChoiceField(choices=[STAYS, *stages], required=False) for _outcome in OUTCOMES]
        super().__init__(
            fields=lines,
            widget=StageRulesWidget(stages),
            required=False,
            require_all_fields=False,
            label=LABEL,
            help_text=HELP,
        )

    def compress(self, data_list: Sequence[str]) -> dict[str, str]:
        return {outcome.value: key for outcome, key in zip(OUTCOMES, data_list or (), strict=False) if key}


def in_words(rules: dict[str, str] | None) -> str:
    """Return the rules for those who may only see them."""
    if rules is None:
        return "The usual ones"
    found = [f"“{outcome.label}”: {rules[outcome]}" for outcome in OUTCOMES if outcome in rules]
    return ", ".join(found) or "Leads stay as they are"
