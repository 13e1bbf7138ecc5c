"""Bodies and responses of campaigns and their steps."""

from typing import Any, ClassVar, Final
from uuid import UUID

from rest_framework import serializers

from campaigns.design.models import Campaign, CampaignStep
from campaigns.design.services import changes
from campaigns.design.step_specs import canonical_key, step_types
from campaigns.enrolment.models import ActivityStatus, EnrolmentStatus
from campaigns.enrolment.selectors import OTHER_STATES
from campaigns.enrolment.services.enrolment import LeadChoice
from lad.api.serializers import InputSerializer, make_serializer
from lad.types import Values

MAX_IDS: Final = 1_000
MAX_KEY_LENGTH: Final = 50


class StepTypeField(serializers.ChoiceField):
    """The key of a registered step type. Synonyms are accepted and answered as the key."""

    def __init__(self, **kwargs: Any) -> None:
        # The framework makes the field anew for each serializer, so types registered later are choices too.
        super().__init__(choices=step_types.choices(), **kwargs)

    def to_internal_value(self, data: Any) -> Any:
        key: Any = canonical_key(data)
        return super().to_internal_value(key)


CampaignSerializer = make_serializer(Campaign)


_Step = make_serializer(CampaignStep)


class CampaignStepSerializer(_Step):  # type: ignore[misc, valid-type]
    """One step of a campaign. Its `type` decides what `config` must hold."""

    type = StepTypeField()

    class Meta(_Step.Meta):  # type: ignore[name-defined]
        pass


class EnrolSerializer(InputSerializer):
    """The leads to enrol, by id or by criteria."""

    leads = serializers.ListField(child=serializers.UUIDField(), required=False, allow_empty=False, max_length=MAX_IDS)
    stages = serializers.ListField(
        child=serializers.CharField(max_length=MAX_KEY_LENGTH), required=False, allow_empty=False, max_length=50
    )
    statuses = serializers.ListField(
        child=serializers.CharField(max_length=MAX_KEY_LENGTH), required=False, allow_empty=False, max_length=50
    )
    tag = serializers.CharField(max_length=100, required=False)
    assigned_user = serializers.UUIDField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "leads" in attrs and len(attrs) > 1:
            raise serializers.ValidationError("Name leads by id or by criteria, not both.")
        return attrs


def chosen_leads(body: Values) -> list[UUID] | LeadChoice:
    """Return the ids of a read EnrolSerializer, or its criteria."""
    return body.get("leads") or LeadChoice(
        stages=body.get("stages", ()),
        statuses=body.get("statuses", ()),
        tag=body.get("tag", ""),
        assigned_user_id=body.get("assigned_user"),
    )


class EnrolmentOutcomeResponse(serializers.Serializer):
    """How many leads were enrolled, and how many were left out and why."""

    enrolled = serializers.IntegerField()
    already = serializers.IntegerField(help_text="Already enrolled.")
    archived = serializers.IntegerField(help_text="Left out because they are archived.")
    without_address = serializers.IntegerField(help_text="Left out because no channel of the campaign reaches them.")
    refused = serializers.DictField(
        child=serializers.IntegerField(), help_text="Left out because they may not be contacted, by reason."
    )
    unknown = serializers.IntegerField(help_text="Ids of no lead of the tenant.")


class LackingResponse(serializers.Serializer):
    """A variable that a step writes out, and for whom it has no value."""

    step = serializers.UUIDField(source="step.pk")
    variable = serializers.CharField()
    leads = serializers.IntegerField(help_text="Open enrolments without a value. Their messages wait or are skipped.")
    accounts = serializers.ListField(child=serializers.CharField(), help_text="Accounts without a value.")
    error = serializers.CharField(help_text="Why the step's texts cannot be used at all.")
    message = serializers.CharField(source="__str__")


class LackingListResponse(serializers.Serializer):
    """What the messages of a campaign lack."""

    lacking = LackingResponse(many=True)


class StepOrderSerializer(InputSerializer):
    """Every step of the campaign exactly once, in the new order."""

    steps = serializers.ListField(child=serializers.UUIDField(), max_length=1_000)


class ChangeSerializer(InputSerializer):
    """A change of the steps. `kind` decides what else is needed.

    - `insert`: `type`, `title`, `config` and, unless it goes to the end, `order`
    - `remove`: `step`
    - `reorder`: `steps`, every one exactly once
    - `settings`: `step` and its new `config`
    - `link`: `step`, `outcome` and `target`, null for the end
    - `unlink`: `step` and `outcome`
    """

    kind = serializers.ChoiceField(choices=["insert", "remove", "reorder", "settings", "link", "unlink"])
    type = serializers.CharField(max_length=MAX_KEY_LENGTH, required=False)
    title = serializers.CharField(max_length=255, required=False)
    config = serializers.JSONField(required=False)
    order = serializers.IntegerField(min_value=1, required=False)
    step = serializers.UUIDField(required=False)
    steps = serializers.ListField(child=serializers.UUIDField(), max_length=1_000, required=False)
    outcome = serializers.CharField(max_length=30, required=False)
    target = serializers.UUIDField(required=False, allow_null=True)

    NEEDS: ClassVar = {
        "insert": ("type", "title"),
        "remove": ("step",),
        "reorder": ("steps",),
        "settings": ("step", "config"),
        "link": ("step", "outcome", "target"),
        "unlink": ("step", "outcome"),
    }

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        missing = [name for name in self.NEEDS[attrs["kind"]] if name not in attrs]
        if missing:
            raise serializers.ValidationError(dict.fromkeys(missing, "This change needs it."))
        if not isinstance(attrs.get("config", {}), dict):
            raise serializers.ValidationError({"config": "Give the settings as an object."})
        return attrs


def read_change(data: Any) -> changes.Change:
    """Return the change in the body of a request."""
    body = ChangeSerializer.read(data)
    match body["kind"]:
        case "insert":
            key = str(canonical_key(body["type"]))
            return changes.Insert(key, body["title"], body.get("config", {}), body.get("order"))
        case "remove":
            return changes.Remove(body["step"])
        case "reorder":
            return changes.Reorder(tuple(body["steps"]))
        case "settings":
            return changes.Settings(body["step"], body["config"])
        case "link":
            return changes.Link(body["step"], body["outcome"], body["target"])
        case _:
            return changes.Unlink(body["step"], body["outcome"])


class StepEffectResponse(serializers.Serializer):
    """What the change does at one step, in numbers of enrolments under way."""

    title = serializers.CharField()
    skipping = serializers.IntegerField(help_text="Will not do the step.")
    again = serializers.IntegerField(help_text="Have done the step and will come to it again.")
    waiting = serializers.IntegerField(help_text="Are at the step, which is removed or changed.")
    goes_on_to = serializers.CharField(help_text="Where those go on who are at a removed step. Empty: they finish.")
    is_removed = serializers.BooleanField()


class ChangePreviewResponse(serializers.Serializer):
    """The effects of a change on the enrolments under way, and the same in sentences."""

    effects = StepEffectResponse(many=True)
    sentences = serializers.ListField(child=serializers.CharField())


class RequirementResponse(serializers.Serializer):
    """One reason."""

    code = serializers.CharField()
    message = serializers.CharField()


class ReadinessResponse(serializers.Serializer):
    """What keeps a campaign from running, and what it will not do although it runs."""

    missing = RequirementResponse(many=True)
    notes = RequirementResponse(many=True)


class StepsResponse(serializers.Serializer):
    """The steps, in order."""

    steps = CampaignStepSerializer(many=True)


class DuplicateSerializer(InputSerializer):
    """The name of the copy, and whether the leads come along."""

    name = serializers.CharField(max_length=255, required=False, default="")
    with_leads = serializers.BooleanField(required=False, default=False)


class ProgressResponse(serializers.Serializer):
    """The number of enrolments and activities in each status."""

    leads = serializers.IntegerField()
    enrolments = serializers.DictField(child=serializers.IntegerField(), help_text=", ".join(EnrolmentStatus.values))
    activities = serializers.DictField(
        child=serializers.IntegerField(), help_text=f"Towards the leads: {', '.join(ActivityStatus.values)}"
    )
    other_steps = serializers.DictField(
        child=serializers.IntegerField(), help_text=f"Waits, searches and the like: {', '.join(OTHER_STATES)}"
    )


class StepQuoteResponse(serializers.Serializer):
    """What one step costs at most."""

    step = serializers.UUIDField(source="step_id")
    title = serializers.CharField()
    unit_price = serializers.DecimalField(max_digits=18, decimal_places=6)
    messages = serializers.IntegerField(help_text="The open enrolments that can still come to the step.")
    at_most = serializers.DecimalField(max_digits=18, decimal_places=6)


class QuoteResponse(serializers.Serializer):
    """What the open enrolments of a campaign cost at most, and what the wallet has."""

    steps = StepQuoteResponse(many=True, help_text="The steps that are charged.")
    at_most = serializers.DecimalField(
        max_digits=18, decimal_places=6, help_text="If every enrolment takes the dearest way through the steps."
    )
    available = serializers.DecimalField(max_digits=18, decimal_places=6)
    currency = serializers.CharField()
    enough = serializers.BooleanField()
    warning = serializers.CharField(help_text="Empty if the wallet has enough.")
