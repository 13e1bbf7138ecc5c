"""Read the bodies that the networks' APIs take: JSON, forms, and multipart forms."""

from email import message_from_bytes, policy
from typing import Any

from sandbox.http import Request


def values_of(request: Request) -> dict[str, Any]:
    """Return the values of a body, whatever its form. Names that come more than once become lists."""
    kind = request.headers.get("content-type", "")
    if kind.startswith("multipart/form-data"):
        return _multipart(kind, request.body)
    if kind.startswith("application/x-www-form-urlencoded"):
        return dict(request.form())
    return request.json()


def _multipart(kind: str, body: bytes) -> dict[str, Any]:
    message = message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + body, policy=policy.HTTP)
    values: dict[str, Any] = {}
    for part in message.iter_parts():
        name = str(part.get_param("name", header="content-disposition"))
        raw = part.get_payload(decode=True)
        value = raw.decode(errors="replace").removesuffix("\r\n") if isinstance(raw, bytes) else ""
        if name in values:
            before = values[name]
            values[name] = [*before, value] if isinstance(before, list) else [before, value]
        else:
            values[name] = value
    return values
