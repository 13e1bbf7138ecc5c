"""What the models say. It follows from the seed and from what was asked."""

import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from sandbox.providers.models.asked import Asked, count
from sandbox.providers.models.obeying import Obeyed, obey, with_text

Chance = Callable[..., random.Random]
MAX_DEPTH: Final = 12
WORDS_A_PIECE: Final = 3
REFUSAL: Final = "I cannot help with that."
_FENCED: Final = re.compile(r"<data-(\w+)>\n?(.*?)\n?</data-\1>", re.DOTALL)
_QUOTED: Final = re.compile(r"[“\"']([^“”\"']{2,60})[”\"']")
_NAMES: Final = re.compile(r"\b[A-Z][\w&-]+(?: [A-Z][\w&-]+)*")
_WORDS: Final = re.compile(r"\w[\w'-]*")
_NUMBERS: Final = re.compile(r"\d+(?:\.\d+)?")
_SCHEMA_IN_WORDS: Final = re.compile(
    r"(\{\s*\"(?:\$defs|type|properties|title|additionalProperties|required)\".*\})", re.DOTALL
)
_COMMON_WORDS: Final = """
a about all also an and any are as at be been but by can do does for from get give has have how i if in is it its make
me more my need no not of on or our please say should show so than that the their them then there these they this to us
want was we what when where which who why will with would you your
"""
_COMMON: Final = frozenset(_COMMON_WORDS.split())
# How many words of a text an answer repeats, and where a sentence ends.
MAX_REPEATED: Final = 14
_END: Final = re.compile(r"[.?!\n]")
OPENINGS: Final = ("Understood:", "Good, so it is about", "Here is what I take from it:", "Let us look at")
CLOSINGS: Final = (
    "Which of these matters most to you?",
    "Shall I go on with that?",
    "Tell me more and I will make it more exact.",
    "Is anything missing?",
)


@dataclass(frozen=True)
class Answer:
    """What a model says."""

    text: str
    finish: str = "stop"
    # Name and arguments of the tools it asks for.
    calls: Sequence[tuple[str, Mapping[str, Any]]] = ()

    @property
    def tokens(self) -> int:
        return count(self.text) + sum(count(orjson.dumps(arguments).decode()) for _name, arguments in self.calls)

    @property
    def pieces(self) -> list[str]:
        """Return the text in pieces of a few words."""
        parts = re.findall(r"\S+\s*", self.text)
        return ["".join(parts[at : at + WORDS_A_PIECE]) for at in range(0, len(parts), WORDS_A_PIECE)]


def answer_to(asked: Asked, chance: Chance) -> Answer:
    """Return the answer of the model that was asked."""
    random_numbers = chance("models", asked.model, *(text for _role, text in asked.messages))
    if asked.model == "sandbox-refuses":
        return Answer(REFUSAL, finish="refusal")
    schema = asked.schema or _schema_in_words(asked)
    if asked.model == "sandbox-obeys" and (order := obey(asked)):
        return _obeyed(asked, order, schema, random_numbers)
    if schema:
        return _structured(asked, schema, random_numbers)
    if asked.tools and (wanted := _wanted_tool(asked)):
        arguments = filled(wanted.get("parameters") or {}, asked.last, random_numbers)
        return Answer("", finish="tools", calls=[(str(wanted["name"]), arguments)])
    answer = _sentence(asked.last, random_numbers)
    if asked.model == "sandbox-short" or count(answer) > asked.max_tokens:
        return Answer(" ".join(answer.split()[: min(asked.max_tokens, 5)]), finish="length")
    return Answer(answer)


def filled(schema: Mapping[str, Any], text: str, chance: random.Random) -> Any:
    """Return a value that fits the schema, from the words of the text where it can be."""
    return _Filler(schema, text, chance).value(schema, "", 0)


def _structured(asked: Asked, schema: Mapping[str, Any], chance: random.Random) -> Answer:
    repairing = any("cannot be used" in text for role, text in asked.messages if role == "user")
    text = next((said for role, said in asked.messages if role == "user"), asked.last)
    value = orjson.dumps(filled(schema, text, chance)).decode()
    match asked.model:
        case "sandbox-invalid-json":
            return Answer(f"Sure! Here it is: {value[:-1]},")
        case "sandbox-wrong-shape" if not repairing:
            return Answer('{"unexpected": true}')
        case "sandbox-ignores-schema" if asked.form and not repairing:
            return Answer(_sentence(text, chance))
        case "sandbox-short":
            return Answer(value[: len(value) // 2], finish="length")
    return Answer(value)


def _schema_in_words(asked: Asked) -> Mapping[str, Any]:
    """Return the JSON Schema that a system message or a repair explains in words, or an empty one."""
    for _role, text in reversed(asked.messages):
        if "JSON" in text and (found := _SCHEMA_IN_WORDS.search(text)):
            try:
                value = orjson.loads(found[1].split("\n\n")[0].strip())
            except orjson.JSONDecodeError:
                continue
            if isinstance(value, dict):
                return value
    return {}


def _sentence(text: str, chance: random.Random) -> str:
    words = _END.split(_FENCED.sub(r"\2", text).strip(), maxsplit=1)[0].split()[:MAX_REPEATED]
    topic = f"“{' '.join(words)}”" if words else "your question"
    return f"{chance.choice(OPENINGS)} {topic}. {chance.choice(CLOSINGS)}"


def _wanted_tool(asked: Asked) -> Mapping[str, Any] | None:
    """Return the tool whose name the user's words, outside of fences, contain."""
    said = _FENCED.sub("", asked.last).lower()
    return next((tool for tool in asked.tools if str(tool["name"]).replace("_", " ") in said.replace("_", " ")), None)


def _obeyed(asked: Asked, order: Obeyed, schema: Mapping[str, Any], chance: random.Random) -> Answer:
    """Do what the text orders: call a tool, offered or not, or say something, in the form that was asked for."""
    if order.tool:
        offered = next((tool for tool in asked.tools if tool["name"] == order.tool), None)
        arguments = {} if offered is None else filled(offered.get("parameters") or {}, asked.last, chance)
        return Answer("", finish="tools", calls=[(order.tool, arguments)])
    if schema:
        return Answer(orjson.dumps(with_text(filled(schema, asked.last, chance), schema, order.text)).decode())
    return Answer(order.text)


class _Filler:
    """Fills one schema from one text."""

    def __init__(self, root: Mapping[str, Any], text: str, chance: random.Random) -> None:
        self._root = root
        self._chance = chance
        plain = _FENCED.sub(r"\2", text)
        self._text = plain
        self._lower = plain.lower()
        words = [word for word in _WORDS.findall(plain) if word.lower() not in _COMMON and not word.isdigit()]
        names = [name for name in _NAMES.findall(plain) if name.lower() not in _COMMON]
        self._phrases = list(dict.fromkeys([*_QUOTED.findall(plain), *names, *words])) or ["something"]
        self._numbers = [float(number) for number in _NUMBERS.findall(plain)]

    def value(self, schema: Any, name: str, depth: int) -> Any:
        schema = self._resolved(schema)
        if depth > MAX_DEPTH or not isinstance(schema, Mapping):
            return None
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return self._of(list(schema["enum"]))
        for choice in ("anyOf", "oneOf"):
            if choices := [each for each in schema.get(choice, ()) if self._resolved(each).get("type") != "null"]:
                return self.value(choices[0], name, depth + 1)
        if "allOf" in schema:
            return self.value({**schema["allOf"][0], **{k: v for k, v in schema.items() if k != "allOf"}}, name, depth)
        kind = schema.get("type")
        kind = next((each for each in kind if each != "null"), "null") if isinstance(kind, list) else kind
        return self._typed(schema, kind or ("object" if "properties" in schema else ""), name, depth)

    def _typed(self, schema: Mapping[str, Any], kind: str, name: str, depth: int) -> Any:
        match kind:
            case "object":
                fields = schema.get("properties", {})
                return {key: self.value(each, key, depth + 1) for key, each in fields.items()}
            case "array":
                size = max(int(schema.get("minItems", 0)), min(2, int(schema.get("maxItems", 2))))
                items = [self.value(schema.get("items", {}), f"{name}{index}", depth + 1) for index in range(size)]
                return items if not schema.get("uniqueItems") else _distinct(items)
            case "boolean":
                return name.replace("_", " ").lower() in self._lower
            case "integer" | "number":
                return self._number(schema, kind)
            case "null":
                return None
        return self._words(schema)

    def _resolved(self, schema: Any) -> Any:
        for _ in range(MAX_DEPTH):
            if not isinstance(schema, Mapping) or "$ref" not in schema:
                break
            found: Any = self._root
            for step in str(schema["$ref"]).removeprefix("#/").split("/"):
                found = found.get(step, {}) if isinstance(found, Mapping) else {}
            schema = found
        return schema

    def _of(self, values: list[Any]) -> Any:
        """Return the value that the text names, or any."""
        named = [each for each in values if str(each).replace("_", " ").lower() in self._lower]
        return named[0] if named else self._chance.choice(values)

    def _number(self, schema: Mapping[str, Any], kind: str) -> float | int:
        least = schema.get("minimum", schema.get("exclusiveMinimum", 0))
        most = schema.get("maximum", schema.get("exclusiveMaximum", float("inf")))
        inside = [number for number in self._numbers if least <= number <= most]
        number = inside[0] if inside else (least + min(most, least + 100)) / 2
        return int(number) if kind == "integer" else number

    def _words(self, schema: Mapping[str, Any]) -> str:
        text = self._phrases[self._chance.randrange(len(self._phrases))]
        least, most = int(schema.get("minLength", 0)), int(schema.get("maxLength", 10_000))
        return (text if len(text) >= least else f"{text} {self._text}".ljust(least, "."))[:most]


def _distinct(items: list[Any]) -> list[Any]:
    found: list[Any] = []
    for item in items:
        if item not in found:
            found.append(item)
    return found
