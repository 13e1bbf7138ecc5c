"""Describe the types of steps: where they act and which settings their ``config`` holds.

Each module of ``campaigns.design.step_types`` registers one type.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from django.core.exceptions import ValidationError

from lad.db.json_schema import JsonSchemaValidator
from lad.registry import Registry
from leads.channels import Channel

JsonSchema = Mapping[str, Any]

# Text with at least one visible character.
TEXT: Final[JsonSchema] = {"type": "string", "minLength": 1, "maxLength": 20_000, "pattern": r"\S"}
USERNAME: Final[JsonSchema] = {**TEXT, "maxLength": 100}
TEXTS: Final[JsonSchema] = {
    "type": "array",
    "items": {"type": "string", "minLength": 1},
    "minItems": 1,
    "maxItems": 200,
}


# The setting that names a template, by its id.
TEMPLATE: Final = "template_id"
TEMPLATE_ID: Final[JsonSchema] = {"type": "string", "pattern": r"^$|^[0-9a-fA-F-]{32,36}$"}
# The outcome of a step that can end in one way only.
DONE: Final = "done"
# The outcomes of a step that acts towards the lead, the usual one first.
SENT: Final = "sent"
SKIPPED: Final = "skipped"
FAILED: Final = "failed"
OUTCOMES: Final = (SENT, SKIPPED, FAILED)
# What to do if the lead may not be contacted, and if the provider does not do it.
IF_NOT_DONE: Final[dict[str, JsonSchema]] = {
    "if_refused": {"enum": ["skip", "stop"]},
    "if_failed": {"enum": ["go_on", "stop"]},
}
# The same, and what to do while a variable of the text has no value for the lead.
IF_NOT_SENT: Final[dict[str, JsonSchema]] = {"if_missing": {"enum": ["wait", "skip"]}, **IF_NOT_DONE}


@dataclass(frozen=True, slots=True)
class PriceComponent:
    """The component of the price list that one use of a step costs."""

    category: str
    provider: str
    model: str
    unit: str


@dataclass(frozen=True, slots=True)
class StepSpec:
    """One type of step.

    ``channel`` is None for a step that waits, decides or finds leads. ``provider`` names the network if the
    channel does not. ``contacts_lead`` marks steps that send the lead a message, ``for_everybody`` those that search,
    or post without addressing the lead, ``calls_system`` those that tell another system about it. ``action`` is what
    its messages do, one of ``Action``; empty for steps that send none. ``metered`` is what one use costs; None if the
    step is never charged. ``synonyms`` are other accepted keys; ``config_synonyms`` maps other accepted names of
    settings to ours. The config needs all ``required`` settings and at least one of ``one_of``, not zero.
    ``outcomes`` are the ways in which the step can end, the usual one first. ``cannot`` says why LAD cannot do the step
    and what to do instead; such a step is not saved. ``max_length`` is the most characters that the text may have once
    it is filled for a lead, 0 for no such limit.
    """

    key: str
    label: str
    channel: Channel | None = None
    provider: str = ""
    contacts_lead: bool = False
    finds_leads: bool = False
    for_everybody: bool = False
    calls_system: bool = False
    action: str = ""
    cannot: str = ""
    max_length: int = 0
    metered: PriceComponent | None = None
    synonyms: tuple[str, ...] = ()
    required: Mapping[str, JsonSchema] = field(default_factory=dict)
    optional: Mapping[str, JsonSchema] = field(default_factory=dict)
    one_of: Mapping[str, JsonSchema] = field(default_factory=dict)
    config_synonyms: Mapping[str, str] = field(default_factory=dict)
    outcomes: tuple[str, ...] = (DONE,)
    # Whether a template can give the texts, in the place of the required settings.
    templated: bool = False
    # Other settings that can stand in the place of the required ones.
    stand_ins: tuple[str, ...] = ()

    def outcomes_of(self, config: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the outcomes of a step with this config, each of which a link can send elsewhere."""
        return self.outcomes

    @property
    def reaches_lead(self) -> bool:
        """Return whether the step acts towards the lead: not a wait, a decision, a search or a post for everybody."""
        return self.channel is not None and not self.for_everybody

    @property
    def delivers(self) -> bool:
        """Return whether the step delivers something to the lead: a message or a call."""
        return self.contacts_lead or self.channel == Channel.VOICE

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of the config."""
        properties = {**self.required, **self.optional, **self.one_of}
        stand_ins = [*([TEMPLATE] if self.templated else []), *self.stand_ins]
        if not stand_ins:
            return {"type": "object", "properties": properties, "required": list(self.required)}
        properties = {name: _or_empty(each) for name, each in properties.items()}
        if self.templated:
            properties[TEMPLATE] = TEMPLATE_ID
        own = {"required": list(self.required), "properties": self.required}
        is_replaced = {"anyOf": [_has(name) for name in stand_ins]}
        return {"type": "object", "properties": properties, "if": is_replaced, "else": own}

    def needs(self) -> str:
        """Return the settings that must be filled in, as a phrase."""
        parts = list(self.required)
        if self.one_of:
            parts.append(f"at least one of {', '.join(self.one_of)}")
        needed = " and ".join(parts) or "nothing"
        return f"{needed}, or a template" if self.templated and parts else needed

    def normalised(self, config: object) -> object:
        """Return the config with our names for its settings. A setting given under both names keeps ours."""
        return renamed(config, self.config_synonyms) if isinstance(config, Mapping) else config

    def check(self, config: object) -> None:
        """Raise ValidationError, worded for users, unless the config holds what the type needs."""
        JsonSchemaValidator(self.schema())(config)
        if self.one_of and isinstance(config, Mapping) and not any(config.get(name) for name in self.one_of):
            amounts = [name for name, schema in self.one_of.items() if schema.get("minimum") == 0]
            others = [name for name in self.one_of if name not in amounts]
            parts = [f"{', '.join(amounts)} above zero"] if amounts else []
            parts += [", ".join(others)] if others else []
            raise ValidationError(f"Give at least one of {', or '.join(parts)}.")
        if isinstance(config, Mapping) and (problems := list(self.problems(config))):
            raise ValidationError(problems)

    def problems(self, config: Mapping[str, Any]) -> Iterator[str]:
        """Yield what else is wrong with a config that has the right shape, each with the setting's name in front."""
        yield from ()


def _has(name: str) -> JsonSchema:
    """Return the schema of a config that has a setting, not empty."""
    return {"type": "object", "required": [name], "properties": {name: {"type": "string", "minLength": 1}}}


def _or_empty(schema: JsonSchema) -> JsonSchema:
    """Return the schema of a text that may be left empty."""
    return {name: value for name, value in schema.items() if name not in ("minLength", "pattern")}


step_types: Final = Registry[StepSpec]("step type")


def canonical_key(word: object) -> object:
    """Return the key of the type that a word means: a synonym's own type, any other word unchanged."""
    return next((spec.key for spec in step_types if word in spec.synonyms), word)


def channel_of(key: str) -> Channel | None:
    """Return the channel of a type; None for a key that is no longer registered."""
    return step_types.get(key).channel if key in step_types else None


def renamed(config: Mapping[str, Any], synonyms: Mapping[str, str]) -> dict[str, Any]:
    """Return the config with its synonyms replaced."""
    found = {name: value for name, value in config.items() if name not in synonyms}
    for name, value in config.items():
        if name in synonyms:
            found.setdefault(synonyms[name], value)
    return found
