"""Bodies and responses of sequences, for the API and for the editor's page."""

from typing import Any, Final

from rest_framework import serializers

from campaigns.design.models import Campaign
from campaigns.design.serializers import EnrolmentOutcomeResponse, EnrolSerializer
from campaigns.design.step_specs import step_types
from campaigns.editor import drawing
from campaigns.editor.drafts import DraftStep, draft_of
from campaigns.editor.faults import faults_of
from campaigns.editor.fields import entered, fields_of
from campaigns.editor.looks import look_of
from campaigns.editor.models import MAX_STEPS
from campaigns.templates.api import PreviewRequest, preview_choice
from lad.api.serializers import InputSerializer

MAX_KEY: Final = 64
MAX_OUTCOMES: Final = 50


class DraftStepSerializer(InputSerializer):
    """One step. `key` is the id of a step that exists, or any other text for a new one.

    `links` maps outcomes to the keys of steps, null for the end. An outcome without a link leads to the next step.
    """

    key = serializers.CharField(max_length=MAX_KEY)
    type = serializers.CharField(max_length=50)
    title = serializers.CharField(max_length=1_000, allow_blank=True)
    description = serializers.CharField(max_length=20_000, allow_blank=True, required=False, default="")
    config = serializers.DictField(required=False, default=dict)
    links = serializers.DictField(
        child=serializers.CharField(max_length=MAX_KEY, allow_null=True, allow_blank=True), required=False, default=dict
    )


class StepsSerializer(InputSerializer):
    """All steps of a sequence, in order."""

    steps = DraftStepSerializer(many=True, max_length=MAX_STEPS)  # type: ignore[call-arg]  # of the list


class SequenceSerializer(StepsSerializer):
    """A sequence to save."""

    version = serializers.CharField(
        max_length=MAX_KEY,
        required=False,
        allow_blank=True,
        default="",
        help_text="The version that was read. Without it, changes that others made in the meantime are overwritten.",
    )
    confirmed = serializers.ListField(
        child=serializers.CharField(max_length=1_000),
        required=False,
        max_length=500,
        help_text="The effects on leads under way that the user has confirmed. Without it, any are accepted.",
    )


class StepFormSerializer(PreviewRequest):
    """A step as it is edited, and what was entered in its form."""

    step = DraftStepSerializer()
    entered = serializers.DictField(
        required=False, help_text="Values by the names of the fields. Without it, the step's own are shown."
    )


class OutcomeResponse(serializers.Serializer):
    """A way in which a step can end."""

    key = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # a member of the answer


class DrawnStepResponse(serializers.Serializer):
    """A step of the sequence. `next` has the key of the step that follows on each outcome, null for the end."""

    key = serializers.CharField()
    type = serializers.CharField()
    title = serializers.CharField()
    description = serializers.CharField()
    config = serializers.DictField()
    next = serializers.DictField(child=serializers.CharField(allow_null=True))
    outcomes = OutcomeResponse(many=True)
    label = serializers.CharField()  # type: ignore[assignment]  # a member of the answer
    icon = serializers.CharField()
    channel = serializers.CharField(help_text="`flow` for steps that wait or decide.")
    fork = serializers.BooleanField(help_text="Its paths stand beside each other.")
    summary = serializers.CharField()
    leads = serializers.IntegerField(help_text="Open enrolments that are at the step.")


class DrawingResponse(serializers.Serializer):
    """The sequence of a campaign."""

    version = serializers.CharField()
    editable = serializers.BooleanField()
    running = serializers.BooleanField()
    steps = DrawnStepResponse(many=True)


class SavedSequenceResponse(DrawingResponse):
    """The saved sequence, the ids of the steps by the keys that were sent, and what it did to leads under way."""

    ids = serializers.DictField(child=serializers.UUIDField())
    effects = serializers.ListField(child=serializers.CharField())


class EffectsResponse(serializers.Serializer):
    """What saving the sequence would do to leads under way, in sentences."""

    effects = serializers.ListField(child=serializers.CharField())


class KindResponse(serializers.Serializer):
    """A kind of step. One with a `reason` cannot be chosen; `warning` says what is to be set up before the start."""

    type = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # a member of the answer
    icon = serializers.CharField()
    channel = serializers.CharField()
    group = serializers.CharField()
    explanation = serializers.CharField()
    reason = serializers.CharField()
    warning = serializers.CharField()
    config = serializers.DictField(help_text="The settings that a new step begins with.")
    outcomes = OutcomeResponse(many=True)
    fork = serializers.BooleanField()


class KindsResponse(serializers.Serializer):
    """The kinds of steps, by channel."""

    kinds = KindResponse(many=True)


class ChoiceResponse(serializers.Serializer):
    value = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # a member of the answer


class FieldResponse(serializers.Serializer):
    """One input of a step's form."""

    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # a member of the answer
    help = serializers.CharField()
    kind = serializers.ChoiceField(choices=["text", "area", "number", "tick", "choice"])
    value = serializers.JSONField()
    choices = ChoiceResponse(many=True)
    required = serializers.BooleanField()  # type: ignore[assignment]
    most = serializers.IntegerField(allow_null=True)
    least = serializers.IntegerField(allow_null=True)
    max_length = serializers.IntegerField(allow_null=True)
    filled = serializers.BooleanField(help_text="A text with variables that are filled in for each lead.")
    seldom = serializers.BooleanField()
    group = serializers.CharField()


class LookResponse(serializers.Serializer):
    """The message as the lead gets it. `document` goes into a frame with an empty sandbox attribute."""

    kind = serializers.CharField()
    subject = serializers.CharField()
    body = serializers.CharField()
    document = serializers.CharField()
    sender = serializers.CharField()
    recipient = serializers.CharField()
    facts = serializers.ListField(child=serializers.CharField())
    too_long = serializers.BooleanField()
    problems = serializers.ListField(child=serializers.CharField())
    hints = serializers.ListField(child=serializers.CharField())
    variants = serializers.IntegerField()
    variant = serializers.IntegerField()


class StepFormResponse(serializers.Serializer):
    """A step with what was entered: its settings, its form, what is wrong with it by field, and its message."""

    config = serializers.DictField()
    faults = serializers.DictField(child=serializers.ListField(child=serializers.CharField()))
    fields = FieldResponse(many=True)  # type: ignore[assignment]
    outcomes = OutcomeResponse(many=True)
    summary = serializers.CharField()
    look = LookResponse(allow_null=True)


class ItemResponse(serializers.Serializer):
    """One item of the checklist."""

    code = serializers.CharField()
    level = serializers.ChoiceField(choices=["blocking", "advice", "information", "good"])
    text = serializers.CharField()
    detail = serializers.CharField()
    count = serializers.IntegerField()
    page = serializers.CharField(help_text="The page of the admin where it is solved; empty if there is none.")
    link = serializers.CharField()


class ChecklistResponse(serializers.Serializer):
    """The checklist before the start. The campaign can start without a blocking item."""

    ready = serializers.BooleanField()
    items = ItemResponse(many=True)


class ShareSerializer(InputSerializer):
    """The name and description of a shared sequence."""

    name = serializers.CharField(max_length=255, required=False, allow_blank=True, default="")
    description = serializers.CharField(max_length=2_000, required=False, allow_blank=True, default="")


class SequenceResponse(serializers.Serializer):
    """A sequence to make campaigns from."""

    key = serializers.CharField(help_text="The id of a shared one, the name of a ready-made one.")
    name = serializers.CharField()
    description = serializers.CharField()
    shared = serializers.BooleanField(source="is_shared")
    channels = serializers.ListField(child=serializers.CharField())
    steps = serializers.SerializerMethodField()

    def get_steps(self, sequence: Any) -> list[dict[str, Any]]:
        return [dict(each) for each in drawing.drawn(sequence.draft)]


class SequencesResponse(serializers.Serializer):
    """The sequences, the tenant's own first."""

    sequences = SequenceResponse(many=True)


class MakeSerializer(EnrolSerializer):
    """A campaign to make from a sequence, and the leads to enrol in it."""

    sequence = serializers.CharField(max_length=MAX_KEY)
    name = serializers.CharField(max_length=255)
    linkedin_accounts = serializers.ListField(child=serializers.UUIDField(), required=False, max_length=100)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        leads = {name: value for name, value in attrs.items() if name not in ("sequence", "name", "linkedin_accounts")}
        super().validate(leads)
        return attrs


class MadeResponse(serializers.Serializer):
    """The campaign that was made, and who was enrolled; null if no leads were chosen."""

    campaign = serializers.UUIDField(source="campaign.pk")
    enrolled = EnrolmentOutcomeResponse(allow_null=True)


def read_draft(
    data: object, *, form: type[StepsSerializer] = StepsSerializer
) -> tuple[list[DraftStep], dict[str, Any]]:
    """Return the steps of a body, and the body."""
    body = form.read(data)
    return draft_of(body["steps"]), body


def step_form(campaign: Campaign, data: Any) -> dict[str, Any]:
    """Return the form of a step with what was entered, what is wrong with it, and its message."""
    body = StepFormSerializer.read(data)
    [step] = draft_of([body["step"]])
    faults: dict[str, list[str]] = {}
    if body.get("entered") is not None and step.type in step_types:
        config, faults = entered(step, body["entered"], campaign.tenant_id)
        step = DraftStep(step.key, step.type, step.title, step.description, config, step.links)
    chosen = {name: data.get(name) for name in ("lead", "variant") if data.get(name)}
    choice = preview_choice(chosen)
    names = drawing.template_names([step])
    return {
        "config": dict(step.config),
        "faults": {**faults_of(step), **faults},
        "fields": fields_of(step, campaign.tenant_id),
        "outcomes": drawing.outcomes_of(step),
        "summary": drawing.summary_of(step, names, campaign),
        "look": look_of(step, campaign, lead=choice["lead"], variant=choice["variant"]),
    }
