"""Bodies and responses of lead files."""

from typing import Any, Final

from django.core.exceptions import ValidationError as ShapeError
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from aiicp.lead_files.columns import BY_KEY, PLATFORMS
from aiicp.lead_files.mapping import CHOSEN, CUSTOM, EMBEDDED, MODEL
from aiicp.lead_files.services import MAX_LEADS
from aiicp.wizard.serializers import ReplyField, WizardQuestionResponse
from lad.api.serializers import InputSerializer, KeyField
from lad.db.json_schema import JsonSchemaValidator
from leads.contacts.models.lead import TAGS
from leads.contacts.services.duplicates import Duplicates
from tenants.accounts.models import User

MAX_ISSUES_SHOWN: Final = 200
_MAPPING: Final = {
    "type": "object",
    "propertyNames": {"pattern": "^[0-9]{1,3}$"},
    "additionalProperties": {"enum": [*BY_KEY, CUSTOM, ""]},
}
_LEADS: Final = {"type": "array", "items": {"type": "object"}, "maxItems": MAX_LEADS}


class _ShapedField(serializers.JSONField):
    """JSON of a given shape."""

    shape: Any = None

    def to_internal_value(self, data: Any) -> Any:
        value = super().to_internal_value(data)
        try:
            JsonSchemaValidator(self.shape)(value)
        except ShapeError as error:
            raise serializers.ValidationError(error.messages) from error
        return value


@extend_schema_field(OpenApiTypes.OBJECT)
class MappingField(_ShapedField):
    """What columns hold, by their places from 0: a column's key, ``custom``, or an empty text for nothing."""

    shape = _MAPPING

    def to_internal_value(self, data: Any) -> Any:
        return {int(place): key for place, key in super().to_internal_value(data).items()}


@extend_schema_field({"type": "array", "items": {"type": "object"}})
class LeadsField(_ShapedField):
    """Leads as the upload returned them."""

    shape = _LEADS


@extend_schema_field({"type": "array", "items": {"type": "string"}})
class TagsField(_ShapedField):
    """Tags for the new leads."""

    shape = TAGS


class LeadFileSerializer(InputSerializer):
    """A CSV file, an Excel workbook or a file of address cards, of at most 25 MB and 250,000 rows.

    Columns that ``mapping`` does not name are recognised.
    """

    file = serializers.FileField(allow_empty_file=True)
    mapping = MappingField(required=False)


class LeadFileImportSerializer(LeadFileSerializer):
    """The file, and what to do with its rows. ``update`` fills in what a lead lacks and changes nothing else."""

    duplicates = serializers.ChoiceField(choices=[each.value for each in Duplicates], default=Duplicates.SKIP.value)
    owner = KeyField(model=User, members_only=True, required=False)
    tags = TagsField(required=False)


class LeadFileTemplateSerializer(InputSerializer):
    """Which file to send."""

    type = serializers.ChoiceField(choices=["csv", "xlsx"], default="csv")


class FileLeadsSerializer(InputSerializer):
    """Leads that were read from a file."""

    leads = LeadsField()


class NextQuestionSerializer(FileLeadsSerializer):
    """Leads, the answers so far by intent key, and an answer to the question with this key."""

    answers = serializers.DictField(required=False, default=dict)
    intent_key = serializers.CharField(max_length=100, required=False, allow_blank=True, default="")
    answer = ReplyField(required=False)


class ValidateFileLeadsSerializer(FileLeadsSerializer):
    """Leads, and the channels on which they are to be contacted."""

    platforms = serializers.ListField(child=serializers.ChoiceField(choices=list(PLATFORMS)), min_length=1)


class LeadFileColumnResponse(serializers.Serializer):
    """A column of the template."""

    key = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # the name of an attribute of fields, too
    example = serializers.CharField()
    description = serializers.CharField()
    platform = serializers.CharField()
    required = serializers.BooleanField(default=False)  # type: ignore[assignment]


class LeadFileColumnsResponse(serializers.Serializer):
    """The template's columns, and what each channel needs. No column is required; a row needs one that names it."""

    columns = LeadFileColumnResponse(many=True)
    platform_fields = serializers.DictField(child=serializers.ListField(child=serializers.CharField()))


class MappedFileColumnResponse(serializers.Serializer):
    """A column of the file: what it is taken for, who decided it, and why."""

    place = serializers.IntegerField()
    heading = serializers.CharField()
    key = serializers.CharField()
    why = serializers.CharField()
    source = serializers.ChoiceField(choices=[EMBEDDED, MODEL, CHOSEN])  # type: ignore[assignment]  # as above
    samples = serializers.ListField(child=serializers.CharField())


class LeadFileIssueResponse(serializers.Serializer):
    """A cell that cannot be used."""

    row = serializers.IntegerField()
    column = serializers.CharField()
    heading = serializers.CharField()
    value = serializers.CharField()
    problem = serializers.CharField()


class CoverageResponse(serializers.Serializer):
    """How many of ``total`` rows a channel reaches."""

    platform = serializers.CharField()
    count = serializers.IntegerField()
    total = serializers.IntegerField()
    percentage = serializers.FloatField()
    available = serializers.BooleanField()
    sentence = serializers.CharField()


class RecommendedActionResponse(serializers.Serializer):
    """What to do on a channel first, and why."""

    platform = serializers.CharField()
    action = serializers.CharField()
    priority = serializers.ChoiceField(choices=["high", "medium"])
    reason = serializers.CharField()


class LeadFileAnalysisResponse(serializers.Serializer):
    """What the rows are good for."""

    summary = serializers.CharField()
    total = serializers.IntegerField()
    coverage = CoverageResponse(many=True)
    recommended_actions = RecommendedActionResponse(many=True)
    suggested_platforms = serializers.ListField(child=serializers.CharField())
    excluded_platforms = serializers.ListField(child=serializers.CharField())


class FileLeadResponse(serializers.Serializer):
    """A row that names somebody, and what is known of the person."""

    row = serializers.IntegerField()
    values = serializers.DictField(child=serializers.CharField())
    custom = serializers.DictField(child=serializers.CharField())
    lead = serializers.UUIDField(allow_null=True)
    repeats_row = serializers.IntegerField(allow_null=True)
    do_not_contact = serializers.ListField(child=serializers.CharField())


class LeadFileResponse(LeadFileAnalysisResponse):
    """The file as it was understood. Of long ones the first leads and issues are shown, and counted is what is in
    the first ``assessed_rows``.

    ``note`` says why a model that was wanted did not help with the columns.
    """

    columns = MappedFileColumnResponse(many=True)
    total_rows = serializers.IntegerField()
    assessed_rows = serializers.IntegerField()
    valid_rows = serializers.IntegerField()
    new_rows = serializers.IntegerField()
    known_rows = serializers.IntegerField()
    repeated_rows = serializers.IntegerField()
    do_not_contact_rows = serializers.IntegerField()
    issue_count = serializers.IntegerField()
    issues = LeadFileIssueResponse(many=True)
    note = serializers.CharField(allow_blank=True)
    leads = FileLeadResponse(many=True)


class PlatformQuestionResponse(serializers.Serializer):
    """A question about a channel."""

    platform = serializers.CharField()
    question = serializers.CharField()
    options = serializers.ListField(child=serializers.DictField(child=serializers.CharField()))


class PlatformQuestionsResponse(serializers.Serializer):
    """A question about each channel that reaches somebody."""

    questions = PlatformQuestionResponse(many=True)
    available_platforms = serializers.ListField(child=serializers.CharField())
    unavailable_platforms = serializers.ListField(child=serializers.CharField())
    coverage = CoverageResponse(many=True)


class InvalidLeadResponse(serializers.Serializer):
    """A lead that no chosen channel reaches, and why."""

    index = serializers.IntegerField()
    issues = serializers.ListField(child=serializers.CharField())


class FileLeadsValidationResponse(serializers.Serializer):
    """Which leads the channels reach, by their places from 0."""

    valid = serializers.ListField(child=serializers.IntegerField())
    invalid = InvalidLeadResponse(many=True)
    total = serializers.IntegerField()
    valid_count = serializers.IntegerField()
    invalid_count = serializers.IntegerField()
    can_execute = serializers.BooleanField()


class NextQuestionResponse(serializers.Serializer):
    """The next question, null at the end. ``platforms`` are the channels that were chosen."""

    question = WizardQuestionResponse(allow_null=True)
    answers = serializers.DictField()
    platforms = serializers.ListField(child=serializers.CharField())
    completed = serializers.BooleanField()
    clarification_needed = serializers.BooleanField()
    message = serializers.CharField(allow_blank=True)
