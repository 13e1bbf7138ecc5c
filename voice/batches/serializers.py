"""What the API of batches takes and answers."""

import json
from typing import Any, Final

from rest_framework import serializers

from lad.api.serializers import InputSerializer, make_serializer
from lad.api.times import TimeField
from lad.jobs.api import JOBS, BulkSerializer
from leads.contactability.models import Purpose
from voice.batches.models import CallBatch
from voice.batches.services.files import MAX_BYTES, ROLES
from voice.batches.services.targets import MAX_TARGETS, TARGET_RESULTS, Target

BatchSerializer: Final[Any] = make_serializer(CallBatch)
# What people may say of a new batch.
OPTIONS: Final = (
    "name",
    "agent",
    "voice",
    "from_number",
    "purpose",
    "max_concurrent",
    "retry_delays",
    "scheduled_at",
    "metadata",
)
# A form with a file carries no JSON.
FILE_OPTIONS: Final = tuple(name for name in OPTIONS if name not in ("retry_delays", "metadata"))
BY_DEFAULT: Final = {"agent": {"required": False}}


class CallTargetSerializer(InputSerializer):
    """Who to call: a lead, a number, or a lead at another number."""

    lead = serializers.UUIDField(required=False, allow_null=True)
    phone = serializers.CharField(max_length=50, required=False, allow_blank=True)
    name = serializers.CharField(max_length=255, required=False, allow_blank=True)
    context = serializers.CharField(  # type: ignore[assignment]
        max_length=20_000, required=False, allow_blank=True, help_text="Given to the agent for this call only."
    )
    variables = serializers.DictField(
        child=serializers.CharField(max_length=2_000, allow_blank=True),
        required=False,
        help_text="Values of the agent's prompt variables for this call only, such as `team_size`.",
    )


def _entries(**options: Any) -> Any:
    return CallTargetSerializer(many=True, allow_empty=False, max_length=MAX_TARGETS, **options)  # type: ignore[call-arg]


class CreateBatchSerializer(BatchSerializer):
    """A batch to create, with everybody to call. Agent and number are by default those of your voice profile."""

    entries = _entries(write_only=True)

    class Meta(BatchSerializer.Meta):
        fields = [*OPTIONS, "entries"]
        extra_kwargs = {**getattr(BatchSerializer.Meta, "extra_kwargs", {}), **BY_DEFAULT}


class BatchOfLeadsSerializer(BatchSerializer):
    """A batch to create for leads: either their ``ids``, or a ``filter`` with the parameters of the list of leads."""

    ids = serializers.ListField(
        child=serializers.UUIDField(), min_length=1, max_length=10_000, required=False, write_only=True
    )
    filter = serializers.DictField(required=False, write_only=True)

    class Meta(BatchSerializer.Meta):
        fields = [*OPTIONS, "ids", "filter"]
        extra_kwargs = {**getattr(BatchSerializer.Meta, "extra_kwargs", {}), **BY_DEFAULT}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        return BulkSerializer.validate(self, super().validate(attrs))


class _FileFields(serializers.Serializer):
    file = serializers.FileField(
        write_only=True, help_text="A CSV file or an Excel workbook. Its first row holds the headings."
    )
    columns = serializers.CharField(
        required=False,
        write_only=True,
        max_length=2_000,
        help_text=f"JSON: the headings of columns that are not named as usual, by {', '.join(ROLES)}.",
    )

    def validate_file(self, value: Any) -> Any:
        if value.size > MAX_BYTES:
            raise serializers.ValidationError(f"A file can be at most {MAX_BYTES // 1024 // 1024} MB.")
        return value

    def validate_columns(self, value: str) -> dict[str, str]:
        try:
            columns = json.loads(value)
        except ValueError:
            columns = None
        if not isinstance(columns, dict) or not all(isinstance(each, str) for each in columns.values()):
            raise serializers.ValidationError("Send a JSON object of headings.")
        unknown = sorted(set(columns) - set(ROLES))
        if unknown:
            raise serializers.ValidationError(f"{unknown[0]} is none of {', '.join(ROLES)}.")
        return columns


class BatchOfFileSerializer(_FileFields, BatchSerializer):
    """A batch to create for the people of a file."""

    base_context = serializers.CharField(
        required=False, allow_blank=True, max_length=20_000, write_only=True, help_text="Given to the agent for all."
    )

    class Meta(BatchSerializer.Meta):
        fields = [*FILE_OPTIONS, "base_context", "file", "columns"]
        extra_kwargs = {**getattr(BatchSerializer.Meta, "extra_kwargs", {}), **BY_DEFAULT}


class _Judged(InputSerializer):
    purpose = serializers.ChoiceField(choices=Purpose.choices, default=Purpose.OUTREACH)
    scheduled_at = TimeField(required=False, allow_null=True, help_text="When calling would start; empty means now.")


class BatchPreviewSerializer(_Judged):
    """Who would be called: ``entries``, or leads by their ``ids`` or a ``filter`` of the list of leads."""

    entries = _entries(required=False)
    ids = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=10_000, required=False)
    filter = serializers.DictField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if sum(name in attrs for name in ("entries", "ids", "filter")) != 1:
            raise serializers.ValidationError("Send either entries, ids or a filter.")
        return attrs


class CallFilePreviewSerializer(_FileFields, _Judged):
    """A file whose people would be called."""


class AddEntriesSerializer(InputSerializer):
    """More people for a batch that is not over."""

    entries = _entries()


class TargetCheckResponse(serializers.Serializer):
    """Whether one of the rows sent will be called, why not, or when at the earliest."""

    index = serializers.IntegerField()
    verdict = serializers.ChoiceField(choices=list(TARGET_RESULTS))
    detail = serializers.CharField()
    to_phone = serializers.CharField()
    lead = serializers.UUIDField(allow_null=True)
    until = serializers.DateTimeField(allow_null=True)


class VerdictsResponse(serializers.Serializer):
    """A verdict on each row that was sent."""

    verdicts = TargetCheckResponse(many=True)


class CreatedBatchResponse(BatchSerializer):
    """The new batch, and a verdict on each row that was sent."""

    verdicts = TargetCheckResponse(many=True, read_only=True)

    class Meta(BatchSerializer.Meta):
        fields = [*BatchSerializer.Meta.fields, "verdicts"]


class StartedBatchResponse(serializers.Serializer):
    """The batch, and the job that puts people into it. The batch begins when that is done."""

    batch = BatchSerializer()
    job = JOBS.serializer()


class GroupResponse(serializers.Serializer):
    """People with the same reason. Those who wait may be called from ``first`` to ``last``."""

    reason = serializers.CharField()
    words = serializers.CharField(help_text="The reason in words that follow a number, such as “without consent”.")
    count = serializers.IntegerField()
    first = serializers.DateTimeField(allow_null=True)
    last = serializers.DateTimeField(allow_null=True)
    detail = serializers.CharField(help_text="What is said of one of them.")


class BatchPreviewResponse(serializers.Serializer):
    """What a batch would do. Of many people only the first ``judged`` ones are looked at."""

    total = serializers.IntegerField()
    judged = serializers.IntegerField()
    callable_now = serializers.IntegerField()
    skipped = serializers.IntegerField()
    waiting = GroupResponse(many=True)
    left_out = GroupResponse(many=True)
    sentences = serializers.ListField(child=serializers.CharField())


class CallFilePreviewResponse(BatchPreviewResponse):
    """What a batch of a file would do, and how the file was understood."""

    columns = serializers.DictField(child=serializers.CharField(), help_text="The headings by what they hold.")
    variables = serializers.DictField(
        child=serializers.CharField(), help_text="The names of prompt variables, by the headings of their columns."
    )
    problems = serializers.ListField(help_text="The first lines that would be left out: line, number and why.")


class BatchSummaryResponse(serializers.Serializer):
    """A batch in figures."""

    statuses = serializers.DictField(child=serializers.IntegerField())
    outcomes = serializers.DictField(child=serializers.IntegerField())
    due_now = serializers.IntegerField(help_text="Called as soon as there is room.")
    waiting = GroupResponse(many=True)
    not_called = GroupResponse(many=True)
    calls = serializers.IntegerField(help_text="Calls that were asked for, attempts counted each.")
    talk_seconds = serializers.IntegerField()
    costs = serializers.DictField(child=serializers.DecimalField(max_digits=24, decimal_places=6))


class BatchReasonSerializer(InputSerializer):
    """Why a batch is paused or stopped."""

    reason = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")


class CancelBatchSerializer(BatchReasonSerializer):
    """Why a batch is cancelled, and whether calls that go on are hung up."""

    forced = serializers.BooleanField(default=False, help_text="Also hang up the calls that ring or go on.")


class ScheduleBatchSerializer(InputSerializer):
    """When calling starts; null means now."""

    scheduled_at = TimeField(allow_null=True)


def target_of(row: dict[str, Any]) -> Target:
    """Return a row of ``entries`` as a target."""
    variables = {name: value for name, value in row.get("variables", {}).items() if value}
    return Target(row.get("lead"), row.get("phone", ""), row.get("name", ""), row.get("context", ""), variables)
