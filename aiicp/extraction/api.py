"""The API of the extractor: what a text says about the ideal customer. Nothing is stored."""

from typing import Any, ClassVar, Final

from django.core.exceptions import ValidationError as ShapeError
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from aiicp import json_schemas
from aiicp.extraction.extractor import MAX_LENGTH, Value, extract
from aiicp.extraction.languages import LANGUAGES
from aiicp.extraction.slots import ALL, Range, Slots, completeness, missing
from aiicp.features import ICP_ASSISTANT
from lad.api import router
from lad.api.serializers import InputSerializer
from lad.api.views import LadAPIView
from lad.db.json_schema import JsonSchemaValidator

# Slots of what is wanted. What is excluded has the same name and another polarity.
NAMES: Final = [name for name in ALL if not name.startswith("excluded_")]


@extend_schema_field(OpenApiTypes.OBJECT)
class IcpDataField(serializers.JSONField):
    """An ideal customer, in the form that conversations and profiles store."""

    def to_internal_value(self, data: Any) -> Any:
        value = super().to_internal_value(data)
        try:
            JsonSchemaValidator(json_schemas.ICP)(value)
        except ShapeError as error:
            raise serializers.ValidationError(error.messages) from error
        return value


class ExtractionSerializer(InputSerializer):
    """A text to read. ``icp_data`` is what was known before, so that the text can correct it."""

    text = serializers.CharField(max_length=MAX_LENGTH, trim_whitespace=False)
    language = serializers.ChoiceField(
        choices=LANGUAGES, required=False, help_text="Leave out to have it detected from the text."
    )
    icp_data = IcpDataField(required=False)


class RangeResponse(serializers.Serializer):
    """A range of numbers. An end that is null is open. Money has its currency, if the text names it."""

    min = serializers.IntegerField(allow_null=True)
    max = serializers.IntegerField(allow_null=True)
    currency = serializers.CharField(allow_blank=True)


class ValueResponse(serializers.Serializer):
    """One value: how it is meant, and the characters of the text it was read from. One of the values is not null."""

    slot = serializers.ChoiceField(choices=NAMES)
    name = serializers.CharField(allow_null=True)
    number = serializers.IntegerField(allow_null=True)
    range = RangeResponse(allow_null=True)
    polarity = serializers.ChoiceField(choices=["include", "exclude"])
    operation = serializers.ChoiceField(choices=["add", "replace", "remove"])
    confidence = serializers.FloatField(min_value=0, max_value=1)
    text = serializers.CharField()
    start = serializers.IntegerField()
    end = serializers.IntegerField()
    why = serializers.CharField()


class ExtractionResponse(serializers.Serializer):
    """What the text says, what is known after it, the search for it, and what is still to be asked for."""

    language = serializers.ChoiceField(choices=LANGUAGES)
    values = ValueResponse(many=True)
    icp_data = serializers.DictField()
    search_params = serializers.DictField()
    missing = serializers.ListField(child=serializers.CharField())
    completeness = serializers.FloatField(min_value=0, max_value=1)


class ExtractionView(LadAPIView):
    """What a text says about the ideal customer, read without a language model. Nothing is stored."""

    area = "assistant"
    rights: ClassVar[dict[str, str]] = {"post": "assistant.view"}
    feature = ICP_ASSISTANT

    @extend_schema(
        operation_id="ai_icp_extract",
        summary="Read industries, roles, places, sizes and more from a text",
        request=ExtractionSerializer,
        responses={200: ExtractionResponse},
    )
    def post(self, request: Request) -> Response:
        form = ExtractionSerializer.read(request.data)
        previous = Slots.from_icp_data(form["icp_data"]) if "icp_data" in form else None
        found = extract(form["text"], previous=previous, language=form.get("language"))
        body = {
            "language": found.language,
            "values": [_shown(each) for each in found.values],
            "icp_data": found.slots.to_icp_data(),
            "search_params": found.slots.to_search_params(),
            "missing": missing(found.slots),
            "completeness": completeness(found.slots),
        }
        return Response(ExtractionResponse(body).data)


def _shown(each: Value) -> dict[str, Any]:
    value = each.value
    return {
        "slot": each.slot,
        "name": value if isinstance(value, str) else None,
        "number": value if isinstance(value, int) else None,
        "range": {"min": value.least, "max": value.most, "currency": value.currency}
        if isinstance(value, Range)
        else None,
        "polarity": each.polarity,
        "operation": each.operation,
        "confidence": each.confidence,
        "text": each.text,
        "start": each.start,
        "end": each.end,
        "why": each.why,
    }


router.route("ai-icp-extractions/", ExtractionView.as_view(), name="ai-icp-extractions")
