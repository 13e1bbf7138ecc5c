"""What is sent to WhatsApp for a message: its text while the window is open, and its approved template otherwise."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from campaigns.accounts.models import TemplateStatus, WhatsappTemplate
from campaigns.channels.whatsapp.errors import CLOSED
from campaigns.messages.models import Message

MAX_TEXT: Final = 4_096
VARIABLE: Final = re.compile(r"\{\{\s*(\w+)\s*\}\}")
NO_ATTACHMENTS: Final = "LAD cannot send files on WhatsApp yet. Put a link to the file into the text."
TOO_LONG: Final = "The text has {length:,} letters; WhatsApp takes {limit:,}. Shorten it."
EMPTY: Final = "The message has no text."
NO_LANGUAGE: Final = "Say in which language the template “{name}” is sent."
UNKNOWN: Final = (
    "LAD does not know a template “{name}” in the language {language}. Read the templates from WhatsApp on the"
    " account's page, then choose one that is approved."
)
NOT_APPROVED: Final = "The template “{name}” ({language}) is not approved but {status}. Choose another one. {reason}"
WRONG_NUMBER: Final = "The template “{name}” has {wanted} variables, and {given} were given. Correct the step."
BLANK: Final = "A variable of the template “{name}” is empty for this person. WhatsApp takes no empty ones."
NEEDS_MORE: Final = "The template “{name}” needs a {part}, which LAD cannot fill yet. Choose one without it."
FILLED_HEADERS: Final = ("IMAGE", "VIDEO", "DOCUMENT", "LOCATION")


class Unsendable(ValueError):
    """WhatsApp would not take the message. Says what to do."""


@dataclass(frozen=True, slots=True)
class Content:
    """What is sent: the part of the request that depends on the message, and the words that the person reads."""

    request: Mapping[str, Any]
    words: str
    template: str = ""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The template that a message names."""

    name: str
    language: str
    variables: tuple[str, ...]


def chosen_template(message: Message) -> Chosen | None:
    """Return the template that the message names, or None. Without a language it is empty."""
    name = str(message.metadata.get("template") or "").strip()
    if not name:
        return None
    given = message.metadata.get("variables")
    variables = tuple(str(each) for each in given) if isinstance(given, list) else ()
    return Chosen(name, str(message.metadata.get("language") or "").strip(), variables)


def content_of(message: Message, *, window_is_open: bool, template: WhatsappTemplate | None) -> Content:
    """Return what is sent for the message. ``template`` is the row of the one that it names. Raises Unsendable."""
    if message.attachment_ids:
        raise Unsendable(NO_ATTACHMENTS)
    chosen = chosen_template(message)
    if window_is_open and message.body.strip():
        return _text(message.body)
    if chosen is None:
        raise Unsendable(EMPTY if window_is_open else CLOSED)
    return _template(chosen, template)


def _text(body: str) -> Content:
    if len(body) > MAX_TEXT:
        raise Unsendable(TOO_LONG.format(length=len(body), limit=MAX_TEXT))
    return Content({"type": "text", "text": {"body": body, "preview_url": False}}, body)


def _template(chosen: Chosen, row: WhatsappTemplate | None) -> Content:
    if not chosen.language:
        raise Unsendable(NO_LANGUAGE.format(name=chosen.name))
    if row is None:
        raise Unsendable(UNKNOWN.format(name=chosen.name, language=chosen.language))
    if row.status != TemplateStatus.APPROVED:
        status = str(row.get_status_display()).lower()
        text = NOT_APPROVED.format(
            name=row.name, language=row.language, status=status, reason=row.status_reason and f"({row.status_reason})"
        )
        raise Unsendable(text.strip())
    if len(chosen.variables) != row.variables:
        raise Unsendable(WRONG_NUMBER.format(name=row.name, wanted=row.variables, given=len(chosen.variables)))
    if not all(each.strip() for each in chosen.variables):
        raise Unsendable(BLANK.format(name=row.name))
    if missing := missing_part(row.components):
        raise Unsendable(NEEDS_MORE.format(name=row.name, part=missing))
    names = variable_names(row.body)
    # A variable may not hold line breaks or more than four spaces in a row.
    values = [" ".join(each.split()) for each in chosen.variables]
    parameters = [
        {"type": "text", "text": value, **({} if name.isdigit() else {"parameter_name": name})}
        for name, value in zip(names, values, strict=False)
    ]
    components = [{"type": "body", "parameters": parameters}] if parameters else []
    request = {"name": row.name, "language": {"code": row.language}, "components": components}
    filled = dict(zip(names, values, strict=False))
    words = VARIABLE.sub(lambda found: filled.get(found[1], found[0]), row.body)
    return Content({"type": "template", "template": request}, words, row.name)


def variable_names(body: str) -> list[str]:
    """Return the variables of a template's body, each once: by number, or in the order of the text if named."""
    names = list(dict.fromkeys(VARIABLE.findall(body)))
    return sorted(names, key=int) if all(name.isdigit() for name in names) else names


def missing_part(components: Sequence[Mapping[str, Any]]) -> str:
    """Return what LAD would have to fill in beside the body, which it cannot; empty if there is nothing."""
    for each in components:
        kind = str(each.get("type") or "").upper()
        if kind == "HEADER":
            shape = str(each.get("format") or "TEXT").upper()
            if shape in FILLED_HEADERS:
                return f"header of the kind {shape.lower()}"
            if VARIABLE.search(str(each.get("text") or "")):
                return "variable in its header"
        if kind == "BUTTONS":
            buttons = each.get("buttons")
            for button in buttons if isinstance(buttons, list) else ():
                if VARIABLE.search(str(button.get("url") or "")):
                    return "variable in the address of a button"
                if str(button.get("type") or "").upper() in ("COPY_CODE", "OTP", "FLOW"):
                    return "value for a button"
    return ""
