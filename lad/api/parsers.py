"""JSON in, and only JSON that the database can hold."""

from collections.abc import Iterable
from typing import Any

from rest_framework import parsers
from rest_framework.exceptions import ParseError
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from lad import jsontext


class JsonParser(parsers.JSONParser):
    """Refuses, besides what is not JSON, nesting without end and what cannot be stored."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        try:
            data = super().parse(stream, media_type, parser_context)
            if fault := jsontext.unstorable(data):
                raise ParseError(fault)
        except RecursionError as error:
            raise ParseError("It is nested too deeply.") from error
        return data


class AlwaysJson(BaseContentNegotiation):
    """Answers JSON whatever ``Accept`` says; clients that ask for problem documents only get them too."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> Any:
        media_type = (request.content_type or "").split(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == media_type), None)

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> Any:
        renderer = next(iter(renderers))
        return renderer, renderer.media_type
