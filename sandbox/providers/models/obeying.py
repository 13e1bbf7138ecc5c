"""The model that does whatever it reads: the victim of injections, and the worst case that LAD must withstand.

It reads through disguises (invisible characters, look-alike letters, base64), takes orders in several languages and
from forged markers, calls tools whether or not they were offered, and repeats its instructions as asked: as they are,
backwards, in base64 or in rot13.
"""

import base64
import binascii
import codecs
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from sandbox.providers.models.asked import Asked

_INVISIBLE: Final = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff]")
_TAGS: Final = re.compile("[\U000e0020-\U000e007e]")
_LOOKALIKES: Final = str.maketrans("аеорсухіԁоΑΒΕΗΙΚΜΝΟΡΤΧ013@$", "aeopcyxidoABEHIKMNOPTXoleas")
_ENCODED: Final = re.compile(r"[A-Za-z0-9+/]{24,}={0,2}")
_ORDERS: Final = re.compile(
    r"(?:call|use|run|invoke|execute|rufe|benutze|llama a|usa|ejecuta|appelle|utilise|استدع|استخدم|调用|呼び出|вызови)"
    r"\W{0,3}(?:the |das |die |la |l['’]|le |el )?"
    r"(?:tool|function|werkzeug|funktion|herramienta|función|outil|fonction|الأداة|工具|ツール|инструмент)?\W{0,6}"
    r"([a-z]+_[a-z_]+)",
    re.IGNORECASE,
)
_CALL_AS_DATA: Final = re.compile(r'"(?:name|tool|function|tool_name)"\s*:\s*"([a-z]+_[a-z_]+)"')
_TAGGED_CALL: Final = re.compile(
    r"<(?:tool_call|function_call|invoke)[^>]*?(?:name=)?[\"']?([a-z]+_[a-z_]+)", re.IGNORECASE
)
_REVEALED: Final = re.compile(
    r"system.{0,3}prompt|system message|systemnachricht|system.?anweisung|instruc|anweisung|instruction|consignes"
    r"|your rules|deine regeln|tus reglas|tes règles|initial prompt|prompt inicial|التعليمات|تعليماتك|指令|指示"
    r"|инструкци|above this line|text above|everything above|data- ?mark|secret mark",
    re.IGNORECASE,
)
_IMAGE: Final = re.compile(r"!\[[^\]]*\]\((https?://[^)\s]+)")
_SAY: Final = re.compile(
    r"(?:say|answer|reply|respond|write|output|print|antworte|schreibe|responde|réponds|écris)"
    r"(?: only| exactly| with| nur| genau| mit| solo| con| avec| exactement)*\s*:?\s*[“\"'«]([^”\"'»]{1,300})[”\"'»]",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Obeyed:
    """What the model does: it says something, or calls a tool."""

    text: str = ""
    tool: str = ""


def obey(asked: Asked) -> Obeyed | None:
    """Return what the texts order, wherever they came from. None without an order."""
    if "There is no such tool" in asked.last:
        # The newest order is to do without it.
        return None
    read = "\n".join(_understood(text) for role, text in asked.messages if role == "user")
    instructions = "\n".join(text for role, text in asked.messages if role == "system")
    if tool := _tool(read, [str(each["name"]) for each in asked.tools]):
        return Obeyed(tool=tool)
    if _REVEALED.search(read):
        said = _disguised(instructions, read)
        image = _IMAGE.search(read)
        return Obeyed(f"![result]({image[1]}{said})" if image else said)
    if found := _SAY.search(read):
        return Obeyed(found[1])
    return None


def with_text(value: Any, schema: Mapping[str, Any], text: str) -> Any:
    """Return a structured answer with the text wherever a text fits."""
    if isinstance(value, dict):
        fields = schema.get("properties", {})
        return {name: with_text(each, fields.get(name, {}), text) for name, each in value.items()}
    if isinstance(value, list):
        parts = [text[at : at + 60] for at in range(0, len(text), 60)] or [text]
        most = int(schema.get("maxItems", len(parts)))
        items = schema.get("items", {})
        return [with_text(part, items, part) for part in parts[:most]] if items.get("type") == "string" else value
    if isinstance(value, str) and "enum" not in schema and "const" not in schema:
        return text[: int(schema.get("maxLength", 10_000))]
    return value


def _understood(text: str) -> str:
    """Return a text with what is hidden in it: tags, look-alike letters, base64."""
    hidden = "".join(chr(ord(letter) - 0xE0000) for letter in _TAGS.findall(text))
    plain = unicodedata.normalize("NFKC", _INVISIBLE.sub("", _TAGS.sub("", text)))
    decoded = [found for each in _ENCODED.findall(plain) if (found := _decoded(each))]
    return "\n".join([plain, plain.translate(_LOOKALIKES), hidden, *decoded, plain[::-1]])


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4)).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _tool(read: str, offered: Sequence[str]) -> str:
    """Return the tool that the text orders, or names where it is offered."""
    named = [name for pattern in (_ORDERS, _CALL_AS_DATA, _TAGGED_CALL) for name in pattern.findall(read)]
    return next((name for name in (*named, *offered) if name in offered and name in read), next(iter(named), ""))


def _disguised(text: str, order: str) -> str:
    """Return the text as the order wants it."""
    said = order.lower()
    if "backwards" in said or "rückwärts" in said or "al revés" in said:
        return text[::-1]
    if "base64" in said:
        return base64.b64encode(text.encode()).decode()
    if "rot13" in said:
        return codecs.encode(text, "rot13")
    if "hex" in said:
        return text.encode().hex()
    if "letter by letter" in said or "dash between" in said:
        return "-".join(text)
    if "json" in said:
        return orjson.dumps({"instructions": text}).decode()
    return text
