"""JSON Schemas of the assistant's JSON columns. Keys they do not name are kept for later versions."""

from typing import Any, Final

MAX_ITEMS: Final = 200
MAX_ITEM_LENGTH: Final = 500
MAX_KEYWORD_LENGTH: Final = 255


def _texts() -> dict[str, Any]:
    item = {"type": "string", "minLength": 1, "maxLength": MAX_ITEM_LENGTH}
    return {"type": "array", "items": item, "maxItems": MAX_ITEMS}


def _one_of(*values: str) -> dict[str, Any]:
    return {"type": "string", "enum": list(values)}


def _range() -> dict[str, Any]:
    """Return the schema of a range of numbers. An end that is left out is open; money may name its currency."""
    end = {"type": "integer", "minimum": 0}
    currency = {"type": "string", "maxLength": 3}
    return {"type": "object", "properties": {"min": end, "max": end, "currency": currency}}


CRITERIA: Final = ("role", "seniority", "industry", "place", "size", "keywords", "technologies")

STAGES: Final = (
    "init",
    "outreach_type",
    "inbound_flow",
    "outbound_target_knowledge",
    "outbound_known_target",
    "outbound_icp_discovery",
    "confirmation",
    "ready_for_execution",
)

ICP: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "outreach_type": _one_of("inbound", "outbound"),
        "inbound_source": {"type": "array", "items": _one_of("website", "whatsapp", "ads", "crm", "webhook")},
        "inbound_data_ready": {"type": "boolean"},
        "capture_rules": {"type": "object"},
        "target_knowledge": _one_of("known", "discovery"),
        "inferred_strategy": _one_of("people_search", "company_search", "people_enrichment"),
        "roles": _texts(),
        "industries": _texts(),
        "locations": _texts(),
        "companies": _texts(),
        "keywords": _texts(),
        "technologies": _texts(),
        "linkedin_urls": _texts(),
        "departments": _texts(),
        "seniorities": _texts(),
        "platforms": _texts(),
        "goals": _texts(),
        "funding_stages": _texts(),
        "excluded": {"type": "object", "additionalProperties": _texts()},
        "employees": _range(),
        "revenue": _range(),
        "funding": _range(),
        "founded": _range(),
        "limit": {"type": "integer", "minimum": 1},
        "company_size": _one_of("smb", "mid-market", "enterprise"),
        "deal_type": {"type": "string", "maxLength": MAX_ITEM_LENGTH},
        "problem_statement": {"type": "string", "maxLength": 5_000},
        "confidence_score": {"type": "number", "minimum": 0, "maximum": 100},
    },
}

# Apollo's own parameter names, so that a search needs no translation.
SEARCH_PARAMS: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "person_titles": _texts(),
        "include_similar_titles": {"type": "boolean"},
        "person_seniorities": _texts(),
        "person_locations": _texts(),
        "organization_locations": _texts(),
        "organization_industries": _texts(),
        "organization_num_employees_ranges": {
            "type": "array",
            "items": {"type": "string", "pattern": r"^\d+,\d+$"},
            "maxItems": MAX_ITEMS,
        },
        "q_organization_keyword_tags": _texts(),
        "q_organization_domains_list": _texts(),
        "currently_using_any_of_technology_uids": _texts(),
        "currently_not_using_any_of_technology_uids": _texts(),
        "revenue_range[min]": {"type": "integer", "minimum": 0},
        "revenue_range[max]": {"type": "integer", "minimum": 0},
        "q_keywords": {"type": "string", "maxLength": MAX_ITEM_LENGTH},
        "page": {"type": "integer", "minimum": 1, "maximum": 500},
        "per_page": {"type": "integer", "minimum": 1, "maximum": 100},
    },
}

METADATA: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "stage": _one_of(*STAGES),
        "progress": _one_of("collecting_info", "awaiting_confirmation", "ready_for_execution"),
        "step_index": {"type": "integer", "minimum": 0},
        "session_id": {"type": "string", "maxLength": 200},
        "wizard": {
            "type": "object",
            "properties": {
                "version": {"type": "integer", "minimum": 1},
                "current": {"type": "string"},
                "answers": {"type": "object"},
                "pending": {"type": ["object", "null"]},
                "choosing": {"type": "boolean"},
                "completed": {"type": "boolean"},
                "campaign": {"type": "string"},
            },
        },
    },
}

MESSAGE_DATA: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "stage": _one_of(*STAGES),
        "intent": {"type": "string", "maxLength": MAX_ITEM_LENGTH},
        "step_index": {"type": "integer", "minimum": 0},
        "extracted": ICP,
        "search_params": SEARCH_PARAMS,
        "suggestions": _texts(),
        "options": _texts(),
    },
}

# What a matching criterion is worth beside the others. Criteria that are left out have their usual weight.
WEIGHTS: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {name: {"type": "integer", "minimum": 0, "maximum": 100} for name in CRITERIA},
    "additionalProperties": False,
}

# What a score consists of: for each criterion its points, the most it could have, and what they follow from.
REASONS: Final[dict[str, Any]] = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {
            "criterion": {"type": "string"},
            "verdict": {"type": "string"},
            "points": {"type": "integer"},
            "of": {"type": "integer"},
            "found": {"type": "string"},
            "wanted": {"type": "string"},
        },
        "required": ["criterion", "verdict", "points", "of"],
    },
}

EXPANDED_KEYWORDS: Final[dict[str, Any]] = {
    "type": "array",
    "items": {"type": "string", "minLength": 1, "maxLength": MAX_KEYWORD_LENGTH},
    "maxItems": MAX_ITEMS,
    "uniqueItems": True,
}
