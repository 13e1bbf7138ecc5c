"""What the JSON columns of the assistant hold. Keys it does not know are kept: a later version may."""

from typing import Any, Final

MOST_ITEMS: Final = 200
LONGEST_ITEM: Final = 500
LONGEST_KEYWORD: Final = 255


def _texts(**limits: Any) -> dict[str, Any]:
    item = {"type": "string", "minLength": 1, "maxLength": LONGEST_ITEM}
    return {"type": "array", "items": item, "maxItems": MOST_ITEMS, **limits}


def _one_of(*values: str) -> dict[str, Any]:
    return {"type": "string", "enum": list(values)}


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
        "company_size": _one_of("smb", "mid-market", "enterprise"),
        "deal_type": {"type": "string", "maxLength": LONGEST_ITEM},
        "problem_statement": {"type": "string", "maxLength": 5_000},
        "confidence_score": {"type": "number", "minimum": 0, "maximum": 100},
    },
}

# Named as Apollo names them, so that a search needs no translation.
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
            "maxItems": MOST_ITEMS,
        },
        "q_organization_keyword_tags": _texts(),
        "q_organization_domains_list": _texts(),
        "q_keywords": {"type": "string", "maxLength": LONGEST_ITEM},
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
    },
}

MESSAGE_DATA: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "stage": _one_of(*STAGES),
        "intent": {"type": "string", "maxLength": LONGEST_ITEM},
        "step_index": {"type": "integer", "minimum": 0},
        "extracted": ICP,
        "search_params": SEARCH_PARAMS,
        "suggestions": _texts(),
        "options": _texts(),
    },
}

EXPANDED_KEYWORDS: Final[dict[str, Any]] = {
    "type": "array",
    "items": {"type": "string", "minLength": 1, "maxLength": LONGEST_KEYWORD},
    "maxItems": MOST_ITEMS,
    "uniqueItems": True,
}
