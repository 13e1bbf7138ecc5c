"""JSON in, and only JSON that the database can hold."""

import re
from typing import Any

from rest_framework import parsers
from rest_framework.exceptions import ParseError
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request

# PostgreSQL stores neither NUL nor half of a surrogate pair in text or jsonb.
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class JsonParser(parsers.JSONParser):
    """Refuses, besides what is not JSON, nesting without end and text that cannot be stored."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        try:
            data = super().parse(stream, media_type, parser_context)
            _refuse_unstorable(data)
        except RecursionError as error:
            raise ParseError("It is nested too deeply.") from error
        return data


class AlwaysJson(BaseContentNegotiation):
    """Answers JSON whatever ``Accept`` says; clients that ask for problem documents only get them too."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        media_type = (request.content_type or "").split(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == media_type), None)

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        return renderers[0], renderers[0].media_type


def _refuse_unstorable(data: Any) -> None:
    if isinstance(data, str):
        if UNSTORABLE.search(data):
            raise ParseError("Text may hold neither NUL nor unpaired surrogates.")
    elif isinstance(data, dict):
        for name, value in data.items():
            _refuse_unstorable(name)
            _refuse_unstorable(value)
    elif isinstance(data, list):
        for value in data:
            _refuse_unstorable(value)
