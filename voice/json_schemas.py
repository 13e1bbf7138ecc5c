"""JSON Schemas of the app's JSON columns. Keys they do not name are allowed."""

from typing import Any, Final

TEXTS: Final[dict[str, Any]] = {"type": "array", "items": {"type": "string"}, "maxItems": 200}

MAX_CONTEXT: Final = 20_000

_AMOUNT: Final[dict[str, Any]] = {"type": ["number", "string", "null"]}

TRANSCRIPT: Final[dict[str, Any]] = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["role", "text"],
        "properties": {
            "role": {"enum": ["agent", "person", "system", "tool"]},
            "text": {"type": "string"},
            "start": {"type": ["number", "null"], "minimum": 0},
            "end": {"type": ["number", "null"], "minimum": 0},
        },
    },
}

COST_BREAKDOWN: Final[dict[str, Any]] = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["component"],
        "properties": {
            "component": {"type": "string", "minLength": 1},
            "provider": {"type": ["string", "null"]},
            "model": {"type": ["string", "null"]},
            "unit": {"type": ["string", "null"]},
            "amount": _AMOUNT,
            "rate": _AMOUNT,
            "cost": _AMOUNT,
        },
    },
}

NUMBER: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "rules": {
            "type": "object",
            "properties": {
                "inbound": {"type": "boolean"},
                "outbound": {"type": "boolean"},
                "allowed_outbound": {"type": ["string", "array"], "items": {"type": "string"}},
                "outbound_trunk_id": {"type": ["string", "null"]},
                "livekit_config": {"type": ["string", "null"]},
                "required_lead_format": {"type": "array", "items": {"type": ["string", "integer"]}},
            },
        }
    },
}

VOICE: Final[dict[str, Any]] = {"type": "object", "properties": {"provider_config": {"type": "object"}}}

PREFERENCES: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "time_zone": {"type": "string"},
        "notify_on_missed_call": {"type": "boolean"},
        "notify_on_follow_up": {"type": "boolean"},
    },
}

BATCH: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "base_context": {"type": "string", "maxLength": MAX_CONTEXT},
        "llm_provider": {"type": "string"},
        "llm_model": {"type": "string"},
    },
}

# What the agent may say about one person, by the name of the variable in its prompt.
VARIABLES: Final[dict[str, Any]] = {
    "type": "object",
    "maxProperties": 50,
    "propertyNames": {"pattern": "^[a-z][a-z0-9_]{0,49}$", "description": "a name such as team_size"},
    "additionalProperties": {"type": "string", "maxLength": 2_000},
}

ENTRY: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "lead_name": {"type": "string"},
        "entry_index": {"type": "integer", "minimum": 0},
        "context": {"type": "string", "maxLength": MAX_CONTEXT},
        "knowledge_base_store_ids": TEXTS,
        "variables": VARIABLES,
    },
}

# A person who waits to be put into a batch.
LINE: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "lead": {"type": ["string", "null"], "format": "uuid"},
        "phone": {"type": "string"},
        "name": {"type": "string"},
        "context": {"type": "string"},
        "variables": VARIABLES,
    },
    "additionalProperties": False,
}

EVIDENCE: Final[dict[str, Any]] = {
    "type": "array",
    "maxItems": 500,
    "items": {
        "type": "object",
        "required": ["name", "value", "turn", "words", "confidence"],
        "properties": {
            "name": {"type": "string", "minLength": 1},
            "turn": {"type": ["integer", "null"], "minimum": 0},
            "words": {"type": "string"},
            "confidence": {"type": "number", "minimum": 0, "maximum": 1},
            "source": {"enum": ["embedded", "model"]},
        },
    },
}

# The fields that an agent wants from its calls: a JSON Schema of an object with plain values.
ANALYSIS_FIELDS: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "type": {"const": "object"},
        "properties": {
            "type": "object",
            "maxProperties": 30,
            "propertyNames": {"pattern": "^[a-z][a-z0-9_]{0,49}$", "description": "a name such as team_size"},
            "additionalProperties": {
                "type": "object",
                "properties": {
                    "type": {"enum": ["string", "number", "integer", "boolean"]},
                    "format": {"enum": ["date", "date-time", "email", "phone"]},
                    "enum": {
                        "type": "array",
                        "items": {"type": "string", "minLength": 1, "maxLength": 100},
                        "minItems": 1,
                        "maxItems": 50,
                        "uniqueItems": True,
                    },
                    "title": {"type": "string", "maxLength": 100},
                    "description": {"type": "string", "maxLength": 500},
                    "minimum": {"type": "number"},
                    "maximum": {"type": "number"},
                },
                "anyOf": [{"required": ["type"]}, {"required": ["enum"]}],
                "additionalProperties": False,
            },
        },
    },
    "additionalProperties": False,
}

_PROMPT_TEXT: Final[dict[str, Any]] = {"type": "string", "maxLength": 1_000}

# Name of a variable → what stands in its place where nothing fills it.
FALLBACKS: Final[dict[str, Any]] = {
    "type": "object",
    "maxProperties": 100,
    "propertyNames": {
        "pattern": r"^[A-Za-z][A-Za-z0-9_]{0,49}(\.[A-Za-z0-9_ -]{1,50})?$",
        "description": "a name such as first_name or custom.plan",
    },
    "additionalProperties": _PROMPT_TEXT,
}

# Code of a further language that an agent speaks → what it says first in it.
OPENINGS: Final[dict[str, Any]] = {
    "type": "object",
    "maxProperties": 20,
    "propertyNames": {
        "pattern": "^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$",
        "description": "a code such as en, de or en-GB",
    },
    "additionalProperties": {
        "type": "object",
        "properties": {
            "outbound": {"type": "string", "maxLength": 2_000},
            "inbound": {"type": "string", "maxLength": 2_000},
        },
        "additionalProperties": False,
    },
}

MAX_MINUTES: Final = 20_160
MAX_ATTEMPTS: Final = 10

_MINUTES: Final[dict[str, Any]] = {
    "type": "array",
    "items": {"type": "integer", "minimum": 1, "maximum": MAX_MINUTES},
    "maxItems": MAX_ATTEMPTS,
}
RETRIED: Final = ("busy", "no_answer", "voicemail", "carrier_failed")

# Outcome of a call → the minutes before the first, second, … further attempt.
RETRY_DELAYS: Final[dict[str, Any]] = {
    "type": "object",
    "properties": dict.fromkeys(RETRIED, _MINUTES),
    "additionalProperties": False,
}


def default_retry_delays() -> dict[str, list[int]]:
    """Return the delays of a tenant that set none."""
    return {"busy": [10, 60], "no_answer": [120, 1_440], "voicemail": [1_440], "carrier_failed": [10, 60]}


# What came of a call → the key of the stage that the lead moves on to.
STAGE_RULES: Final[dict[str, Any]] = {
    "type": "object",
    "propertyNames": {
        "enum": [
            "meeting_booked",
            "interested",
            "information_requested",
            "callback_requested",
            "undecided",
            "not_interested",
            "do_not_call",
            "wrong_person",
            "gatekeeper",
            "already_customer",
            "voicemail",
            "ivr",
            "no_conversation",
        ]
    },
    "additionalProperties": {"type": "string", "pattern": "^[a-z0-9_-]{1,100}$"},
}
# The usual rules. A stage that the tenant does not have is left out.
DEFAULT_STAGE_RULES: Final[dict[str, str]] = {
    "meeting_booked": "qualified",
    "interested": "qualified",
    "information_requested": "contacted",
    "callback_requested": "contacted",
    "undecided": "contacted",
    "not_interested": "contacted",
    "already_customer": "contacted",
}
