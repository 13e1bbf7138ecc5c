"""Translate what people write on WhatsApp. Pictures and files are kept as references, with a word in the text."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from campaigns.channels.incoming import Incoming
from leads.channels import Channel

MEDIA: Final[Mapping[str, str]] = {
    "image": "Picture",
    "video": "Video",
    "audio": "Audio",
    "document": "File",
    "sticker": "Sticker",
}
NOT_PASSED_ON: Final = "A message of a kind that WhatsApp does not pass on. See it in the app."
Values = Mapping[str, Any]


def incoming_of(content: Values, *, at: datetime, is_own: bool = False) -> Incoming | None:
    """Return the message, or None for one that says nothing, such as a reaction that was taken back."""
    person = str(content.get("to" if is_own else "from") or "")
    text, media = _text_of(content)
    if not person or text is None:
        return None
    metadata: dict[str, Any] = {"type": str(content.get("type") or "")}
    if media:
        metadata["media"] = [media]
    if replied_to := str(_object(content, "context").get("id") or ""):
        metadata["in_reply_to"] = replied_to
    return Incoming(
        channel=Channel.WHATSAPP,
        provider_id=str(content["id"]),
        text=text,
        at=at,
        person_id=person,
        address=f"+{person.lstrip('+')}",
        name=str(content.get("name") or ""),
        chat_id=person,
        is_own=is_own,
        metadata=metadata,
    )


def _text_of(content: Values) -> tuple[str | None, Mapping[str, str]]:
    """Return the text of a message and a reference to what came with it. The text is None if there is nothing."""
    kind = str(content.get("type") or "")
    inner = _object(content, kind)
    match kind:
        case "text":
            return str(inner.get("body") or ""), {}
        case "button":
            return str(inner.get("text") or inner.get("payload") or ""), {}
        case "interactive":
            reply = _object(inner, str(inner.get("type") or ""))
            return str(reply.get("title") or reply.get("body") or "Answered a form"), {}
        case "reaction":
            emoji = str(inner.get("emoji") or "")
            return (f"Reacted with {emoji}" if emoji else None), {}
        case "location":
            place = ", ".join(str(inner[name]) for name in ("name", "address") if inner.get(name))
            return "Location: " + (place or f"{inner.get('latitude')}, {inner.get('longitude')}"), {}
        case "contacts":
            return "Contact card", {}
        case "system":
            return str(inner.get("body") or "") or None, {}
    if kind in MEDIA:
        caption = str(inner.get("caption") or inner.get("filename") or "").strip()
        label = "Voice message" if inner.get("voice") else MEDIA[kind]
        reference = {
            "kind": kind,
            "id": str(inner.get("id") or ""),
            "content_type": str(inner.get("mime_type") or ""),
            "name": str(inner.get("filename") or ""),
        }
        return (f"{label}: {caption}" if caption else label), reference
    return NOT_PASSED_ON, {}


def _object(values: Values, name: str) -> Values:
    found = values.get(name)
    return found if isinstance(found, dict) else {}
