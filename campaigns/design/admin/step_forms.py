"""Forms that add, move and link the steps of a campaign, and the changes that they ask for."""

from collections.abc import Collection
from typing import Any, Final
from uuid import UUID

from django import forms

from campaigns.analytics.icons import step_icon
from campaigns.design.admin.config_forms import config_fields, config_from, config_groups
from campaigns.design.admin.setting_words import EXPLANATIONS, outcome_in_words
from campaigns.design.graph import graph_of
from campaigns.design.models import Campaign, CampaignStep
from campaigns.design.services import changes
from campaigns.design.services.connections import is_connected
from campaigns.design.step_specs import StepSpec, step_types
from lad.admin.actions import OPTION, Option
from lad.admin.grouped_forms import FieldGroup, GroupedForm
from lad.types import Values
from leads.channels import Channel

AT_THE_END: Final = ""
FIRST: Final = "first"
NEXT: Final = "next"
END: Final = "end"
GROUPS: Final = ("Contact", "Wait and decide", "Find leads", "No account is connected for these yet")
# The fields of a new step beside its settings. No setting of a type has these names.
TITLE: Final = "step_title"
PLACE: Final = "step_place"


def step_options(campaign: Campaign) -> list[Option]:
    """Return the types of steps to choose from, those that an account is connected for first."""
    connected = {channel for channel in Channel if is_connected(campaign, channel)}
    options = [
        Option(spec.key, spec.label, step_icon(spec.key), EXPLANATIONS.get(spec.key, ""), _group(spec, connected))
        for spec in step_types
        if not spec.cannot
    ]
    return sorted(options, key=lambda option: (GROUPS.index(option.group), option.title))


def _group(spec: StepSpec, connected: Collection[Channel]) -> str:
    contact, decide, find, not_connected = GROUPS
    if spec.channel is None:
        return find if spec.finds_leads else decide
    return contact if spec.channel in connected else not_connected


def insert_form(campaign: Campaign, key: str) -> type[forms.Form]:
    """Return a form for a new step of this type."""
    spec = step_types.get(key)
    places = [(str(step.order), f"Before “{step}”") for step in campaign.steps.order_by("order")]
    fields: dict[str, Any] = {
        TITLE: forms.CharField(label="Title", max_length=255, initial=spec.label),
        PLACE: forms.ChoiceField(label="Place", choices=[(AT_THE_END, "At the end"), *places], required=False),
    }
    settings = config_fields(spec, {}, campaign.tenant_id)
    entries = config_groups(spec, {})
    plain = tuple(name for name in settings if not any(name in group.names for group in entries))
    groups = (FieldGroup("Step", (TITLE, PLACE)), FieldGroup(spec.label, plain), *entries)
    return type("InsertForm", (GroupedForm,), {**fields, **settings, "groups": groups})


def insertion(values: Values) -> changes.Insert:
    """Return the change that an InsertForm asks for."""
    key, place = values[OPTION], values[PLACE]
    config = config_from(step_types.get(key), {}, values)
    return changes.Insert(key, values[TITLE], config, int(place) if place else None)


def move_form(step: CampaignStep) -> type[forms.Form]:
    """Return a form that asks where the step goes."""
    others = [each for each in _steps_of(step) if each.pk != step.pk]
    before = [each for each in others if each.order < step.order]
    choices = [(FIRST, "First"), *((str(each.pk), f"After “{each}”") for each in others)]
    initial = str(before[-1].pk) if before else FIRST
    return type(
        "MoveForm", (forms.Form,), {"place": forms.ChoiceField(label="Place", choices=choices, initial=initial)}
    )


def movement(step: CampaignStep, values: Values) -> changes.Reorder:
    """Return the change that a MoveForm asks for."""
    ids = [each.pk for each in _steps_of(step) if each.pk != step.pk]
    place = 0 if values["place"] == FIRST else ids.index(UUID(values["place"])) + 1
    return changes.Reorder((*ids[:place], step.pk, *ids[place:]))


def link_form(step: CampaignStep) -> type[forms.Form]:
    """Return a form that asks where an outcome of the step leads."""
    place = graph_of(step.campaign).by_id[step.pk]
    outcomes = [(each, outcome_in_words(step.type, each)) for each in place.outcomes]
    linked = place.links.get(place.outcomes[0], NEXT)
    targets = [
        (NEXT, "The next step in the order"),
        *((str(each.pk), f"“{each}”") for each in _steps_of(step) if each.pk != step.pk),
        (END, "Nowhere: the lead has finished"),
    ]
    fields = {
        "outcome": forms.ChoiceField(
            label="Leads that end the step with",
            choices=outcomes,
            widget=forms.HiddenInput if len(outcomes) == 1 else forms.Select,
            initial=outcomes[0][0],
        ),
        "target": forms.ChoiceField(label="Go on to", choices=targets, initial=str(linked or END)),
    }
    return type("LinkForm", (forms.Form,), fields)


def connection(step: CampaignStep, values: Values) -> changes.Link | changes.Unlink:
    """Return the change that a LinkForm asks for."""
    outcome, target = values["outcome"], values["target"]
    if target == NEXT:
        return changes.Unlink(step.pk, outcome)
    return changes.Link(step.pk, outcome, None if target == END else UUID(target))


def _steps_of(step: CampaignStep) -> list[CampaignStep]:
    return list(step.campaign.steps.order_by("order"))
