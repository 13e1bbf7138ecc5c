"""Find new leads and enrol them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from django.core.exceptions import ValidationError

from campaigns.design.step_specs import TEXTS, JsonSchema, StepSpec, renamed, step_types

FILTERS: Final[JsonSchema] = {
    "type": "object",
    "properties": {"roles": TEXTS, "locations": TEXTS, "industries": TEXTS, "company_sizes": TEXTS},
    "minProperties": 1,
}
FILTER_SYNONYMS: Final = {
    "person_titles": "roles",
    "location": "locations",
    "organization_locations": "locations",
    "organization_industries": "industries",
    "q_organization_keyword_tags": "industries",
    "organization_num_employees_ranges": "company_sizes",
}

APOLLO: Final = "apollo_io"
LINKEDIN_SEARCH: Final = "linkedin_search"
NO_LINKEDIN_SEARCH: Final = (
    "source: LAD cannot search LinkedIn for leads yet. Choose Apollo, or leave the source empty."
)


@dataclass(frozen=True, slots=True)
class LeadGeneration(StepSpec):
    """A step whose filters have synonyms too. A filter may be given as one text instead of a list."""

    def normalised(self, config: object) -> object:
        config = StepSpec.normalised(self, config)
        if isinstance(config, dict) and isinstance(config.get("filters"), str):
            config["filters"] = _read(config["filters"])
        if not isinstance(config, dict) or not isinstance(config.get("filters"), Mapping):
            return config
        filters = renamed(config["filters"], FILTER_SYNONYMS)
        lists = {name: [value] if isinstance(value, str) else value for name, value in filters.items()}
        return {**config, "filters": lists}

    def check(self, config: object) -> None:
        # The product before LAD had this source, so that one who brings its sequences is told what to do.
        if isinstance(config, Mapping) and config.get("source") == LINKEDIN_SEARCH:
            raise ValidationError([NO_LINKEDIN_SEARCH])
        StepSpec.check(self, config)


def _read(text: str) -> object:
    """Return the filters that a client wrote as JSON. What is none stays as it is, for the check to report."""
    try:
        return json.loads(text)
    except ValueError:
        return text


step_types.register(
    LeadGeneration(
        key="lead_generation",
        label="Lead generation",
        finds_leads=True,
        one_of={"filters": FILTERS, "limit": {"type": "integer", "minimum": 1}},
        optional={
            "source": {"enum": [APOLLO]},
            "one_per_company": {"type": "boolean"},
            "max_leads": {"type": "integer", "minimum": 1},
        },
        config_synonyms={"leadGenerationFilters": "filters", "leadGenerationLimit": "limit", "leads_per_day": "limit"},
    )
)
