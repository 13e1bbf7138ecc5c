"""Parse JSON bodies, and reject JSON that the database cannot store."""

import codecs
import json
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from rest_framework import parsers
from rest_framework.exceptions import ParseError
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.utils.json import strict_constant

from lad import jsontext
from lad.api.errors import body_too_large
from lad.limits import MAX_REQUEST_DEPTH, MAX_REQUEST_VALUES, RequestTooLarge, excess


class JsonParser(parsers.JSONParser):
    """Reject malformed JSON, JSON that is too large and values that cannot be stored.

    Numbers keep their digits until a field reads them: a decimal field gets exactly what was written.
    """

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        if int(parser_context["request"].META.get("CONTENT_LENGTH") or 0) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            raise body_too_large()
        encoding = parser_context.get("encoding") or settings.DEFAULT_CHARSET
        try:
            data = json.load(
                codecs.getreader(encoding)(stream),
                parse_constant=strict_constant,
                parse_float=jsontext.read_number,
            )
            if fault := excess(data, max_values=MAX_REQUEST_VALUES, max_depth=MAX_REQUEST_DEPTH):
                raise RequestTooLarge(fault)
            if fault := jsontext.unstorable(data):
                raise ParseError(fault)
        except ValueError as error:
            raise ParseError(f"JSON parse error - {error}") from error
        except RecursionError as error:
            raise RequestTooLarge(
                f"It is nested too deeply. At most {MAX_REQUEST_DEPTH} levels are accepted."
            ) from error
        return data


class AlwaysJson(BaseContentNegotiation):
    """Answer in JSON whatever ``Accept`` says, so that clients which accept only problem documents get them."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> Any:
        media_type = (request.content_type or "").split(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == media_type), None)

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> Any:
        renderer = next(iter(renderers))
        return renderer, renderer.media_type
