"""Render responses as JSON."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

import orjson
from rest_framework.renderers import BaseRenderer
from rest_framework.response import Response
from rest_framework.utils.encoders import JSONEncoder

JSON: Final = "application/json"


class ExactEncoder(JSONEncoder):
    """Write decimals as text. The framework's encoder makes floats of them, which lose digits."""

    def default(self, obj: object) -> Any:
        if isinstance(obj, Decimal):
            return f"{obj:f}"
        # The fast encoder does not know subclasses of float, such as ``jsontext.WrittenNumber``.
        return float(obj) if isinstance(obj, float) else super().default(obj)


_encoder: Final = ExactEncoder()


def to_json(value: object) -> bytes:
    """Return the value as compact JSON. UTC times end in Z; decimals, dates and UUIDs are strings."""
    try:
        return orjson.dumps(value, default=_encoder.default, option=orjson.OPT_UTC_Z)
    except orjson.JSONEncodeError:
        # JSON columns may hold whole numbers of more than 64 bits, which the fast encoder refuses.
        return json.dumps(value, cls=ExactEncoder, ensure_ascii=False, separators=(",", ":")).encode()


class JsonRenderer(BaseRenderer):
    """The renderer of every view."""

    media_type = JSON
    format = "json"
    charset = None

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> bytes:
        """Return the data as JSON; nothing for a response without content."""
        return b"" if data is None else to_json(data)


class RenderedResponse(Response):
    """A response whose JSON was rendered before its headers were made from it."""

    def __init__(self, data: Any, content: bytes, **options: Any) -> None:
        super().__init__(data, **options)
        self._content = content

    @property
    def rendered_content(self) -> bytes:  # type: ignore[override]  # bytes in the framework too
        self["Content-Type"] = JSON
        return self._content
