"""What the JSON columns of the voice domain hold. Keys beyond the named ones are let through."""

from typing import Any, Final

TEXTS: Final[dict[str, Any]] = {"type": "array", "items": {"type": "string"}, "maxItems": 200}

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
    "properties": {"time_zone": {"type": "string"}, "notify_on_missed_call": {"type": "boolean"}},
}

BATCH: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "base_context": {"type": "string", "maxLength": 20_000},
        "llm_provider": {"type": "string"},
        "llm_model": {"type": "string"},
    },
}

ENTRY: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "lead_name": {"type": "string"},
        "entry_index": {"type": "integer", "minimum": 0},
        "context": {"type": "string", "maxLength": 20_000},
        "knowledge_base_store_ids": TEXTS,
    },
}
