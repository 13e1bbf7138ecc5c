"""Bodies and responses of the wizard."""

from typing import Any, Final

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from aiicp.conversations.models import Conversation, MessageRole
from aiicp.wizard.classifiers import EMBEDDED, MODEL
from aiicp.wizard.questions import MAX_TEXT, Kind, Question, QuestionType
from aiicp.wizard.services import MAX_MESSAGES, MAX_SESSION
from aiicp.wizard.suggestions import MAX_SUGGESTIONS, MAX_TYPED
from lad.api.serializers import InputSerializer, KeyField, TimeField

MAX_CHOICES: Final = 50
MAX_SELLING: Final = 2_000


@extend_schema_field(OpenApiTypes.ANY)
class ReplyField(serializers.Field):
    """A text, a number, true or false, or a list of texts."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, bool | int):
            return data
        if isinstance(data, str) and len(data) <= MAX_TEXT:
            return data
        texts = isinstance(data, list) and len(data) <= MAX_CHOICES and all(isinstance(each, str) for each in data)
        if texts and sum(map(len, data)) <= MAX_TEXT:
            return data
        raise serializers.ValidationError(
            f"Send a text of at most {MAX_TEXT:,} characters, a number, true, false, or a list of texts."
        )

    def to_representation(self, value: Any) -> Any:
        return value


class WizardStepSerializer(InputSerializer):
    """Which questions to return."""

    step = serializers.IntegerField(required=False, min_value=1)


class BeginWizardSerializer(InputSerializer):
    """The client's session, so that it finds its wizard again."""

    session = serializers.CharField(max_length=MAX_SESSION, required=False, allow_blank=True, default="")


class WizardAnswerSerializer(InputSerializer):
    """An answer to the current question, or to the one with this intent key."""

    answer = ReplyField()
    intent_key = serializers.CharField(max_length=100, required=False, allow_blank=True, default="")


class BufferedMessageSerializer(InputSerializer):
    """A message that the client has kept."""

    role = serializers.ChoiceField(choices=MessageRole.choices)
    content = serializers.CharField(trim_whitespace=False, allow_blank=True)
    step_index = serializers.IntegerField(required=False, min_value=0, max_value=1_000)
    sent_at = TimeField(required=False)


class SaveMessagesSerializer(BeginWizardSerializer):
    """Messages in their order. Without a conversation, that of the session is used or made."""

    conversation = KeyField(model=Conversation, required=False)
    messages = BufferedMessageSerializer(many=True, max_length=MAX_MESSAGES)  # type: ignore[call-arg]  # passed on to the list


class ClassifySerializer(InputSerializer):
    """A text to classify."""

    kind = serializers.ChoiceField(choices=[each.value for each in Kind])
    text = serializers.CharField(max_length=1_000)


class SuggestSerializer(InputSerializer):
    """What was typed so far."""

    kind = serializers.ChoiceField(choices=[each.value for each in Kind])
    q = serializers.CharField(max_length=MAX_TYPED, required=False, allow_blank=True, default="")
    limit = serializers.IntegerField(required=False, min_value=1, max_value=MAX_SUGGESTIONS, default=8)


class WizardOptionResponse(serializers.Serializer):
    """One of the answers to choose from."""

    value = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # the name of an attribute of fields, too


class WizardRulesResponse(serializers.Serializer):
    """What an answer must be."""

    required = serializers.BooleanField()  # type: ignore[assignment]
    max_length = serializers.IntegerField()
    minimum = serializers.IntegerField(allow_null=True)
    maximum = serializers.IntegerField(allow_null=True)
    open_ended = serializers.BooleanField()


class WizardQuestionResponse(serializers.Serializer):
    """A question."""

    id = serializers.CharField()
    step_index = serializers.IntegerField()
    intent_key = serializers.CharField()
    title = serializers.CharField()
    question = serializers.CharField()
    helper_text = serializers.CharField()
    category = serializers.CharField()
    question_type = serializers.ChoiceField(choices=[each.value for each in QuestionType])
    options = WizardOptionResponse(many=True)
    validation_rules = WizardRulesResponse()


class WizardCatalogueResponse(serializers.Serializer):
    """The questions of the wizard and how many steps they make."""

    version = serializers.IntegerField()
    total_steps = serializers.IntegerField()
    questions = WizardQuestionResponse(many=True)


class FittingSerializer(InputSerializer):
    """What is sold, in a few sentences, and what to suggest."""

    kind = serializers.ChoiceField(choices=[each.value for each in Kind])
    selling = serializers.CharField(max_length=MAX_SELLING)


class ValueWordsResponse(serializers.Serializer):
    """A value, and the words that it was read from."""

    value = serializers.CharField()
    words = serializers.CharField(allow_blank=True)


class FittingResponse(serializers.Serializer):
    """Names that fit what is sold, the likeliest first. ``note`` says why no model found them where one is wanted."""

    suggestions = ValueWordsResponse(many=True)
    source = serializers.ChoiceField(choices=[EMBEDDED, MODEL])  # type: ignore[assignment]  # as above
    note = serializers.CharField(allow_blank=True)


class ClassificationResponse(serializers.Serializer):
    """What a text means, how sure that is (from 0 to 1), why, what else it could mean, and who read it.

    ``note`` says why the embedded reading stands where a model was wanted.
    """

    kind = serializers.ChoiceField(choices=[each.value for each in Kind])
    text = serializers.CharField()
    value = serializers.CharField()
    values = serializers.ListField(child=serializers.CharField())
    excluded = serializers.ListField(child=serializers.CharField())
    confidence = serializers.FloatField()
    reasoning = serializers.CharField()
    alternatives = serializers.ListField(child=serializers.CharField())
    evidence = ValueWordsResponse(many=True)
    source = serializers.ChoiceField(choices=[EMBEDDED, MODEL])  # type: ignore[assignment]
    note = serializers.CharField(allow_blank=True)


class WizardSuggestionsResponse(serializers.Serializer):
    """Names to offer."""

    suggestions = serializers.ListField(child=serializers.CharField())


class WizardAnsweredResponse(serializers.Serializer):
    """One answer in words."""

    title = serializers.CharField()
    answer = serializers.CharField()


class WizardResponse(serializers.Serializer):
    """Where the wizard stands. ``question`` is null when everything is answered and confirmed."""

    conversation = serializers.UUIDField()
    version = serializers.IntegerField()
    total_steps = serializers.IntegerField()
    question = WizardQuestionResponse(allow_null=True)
    clarification_needed = serializers.BooleanField()
    completed = serializers.BooleanField()
    message = serializers.CharField()
    classification = ClassificationResponse(allow_null=True)
    answers = serializers.DictField()
    summary = WizardAnsweredResponse(many=True)
    campaign = serializers.CharField()


class SavedMessagesResponse(serializers.Serializer):
    """How many messages are new in the conversation, and how many it had already."""

    conversation = serializers.UUIDField()
    saved = serializers.IntegerField()
    known = serializers.IntegerField()


class WizardCampaignResponse(serializers.Serializer):
    """The draft campaign. ``is_new`` is false if it was made of these answers before."""

    campaign = serializers.UUIDField()
    name = serializers.CharField()
    status = serializers.CharField()
    is_new = serializers.BooleanField()


def shown_question(each: Question) -> dict[str, Any]:
    """Return a question for ``WizardQuestionResponse``."""
    least, most = each.rules.number or (None, None)
    return {
        "id": each.id,
        "step_index": each.step_index,
        "intent_key": each.intent_key,
        "title": each.title,
        "question": each.question,
        "helper_text": each.helper_text,
        "category": each.category,
        "question_type": each.question_type,
        "options": each.options,
        "validation_rules": {
            "required": each.rules.required,
            "max_length": each.rules.max_length,
            "minimum": least,
            "maximum": most,
            "open_ended": each.rules.open_ended,
        },
    }
