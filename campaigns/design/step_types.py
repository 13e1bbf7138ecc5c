"""What each type of step does and needs; other words that the product and its clients use for it are understood."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from django.core.exceptions import ValidationError

from campaigns.design.models import Channel, StepType
from lad.db.shapes import Shape

LONGEST_INVITATION: Final = 300

TYPE_SYNONYMS: Final[Mapping[str, StepType]] = {
    "email": StepType.EMAIL_SEND,
    "email_follow_up": StepType.EMAIL_FOLLOWUP,
    "linkedin_connection": StepType.LINKEDIN_CONNECT,
    "linkedin_profile_visit": StepType.LINKEDIN_VISIT,
    "whatsapp": StepType.WHATSAPP_SEND,
    "whatsapp_message": StepType.WHATSAPP_SEND,
    "voice_agent": StepType.VOICE_AGENT_CALL,
    "voice_call": StepType.VOICE_AGENT_CALL,
    "instagram": StepType.INSTAGRAM_DM,
}

CONDITIONS: Final = (
    "connected",
    "replied",
    "opened",
    "clicked",
    "linkedin_replied",
    "linkedin_followed",
    "whatsapp_delivered",
    "whatsapp_read",
    "whatsapp_replied",
    "voice_answered",
    "voice_not_answered",
    "voice_completed",
    "voice_busy",
    "voice_failed",
    "instagram_followed",
    "instagram_liked",
    "instagram_replied",
    "instagram_commented",
    "instagram_story_viewed",
    "response_received",
    "profile_matches",
    "engagement_level",
    "time_elapsed",
    "custom_field",
)

_WORDS: Final = {"type": "string", "minLength": 1, "maxLength": 20_000, "pattern": r"\S"}
_LIST: Final = {"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 1, "maxItems": 200}


@dataclass(frozen=True, slots=True)
class Kind:
    """One type of step: where it happens, and what its ``config`` must and may hold.

    Of ``one_of`` at least one must be there, and above zero where it is a number.
    """

    channel: Channel | None = None
    required: Mapping[str, Any] = field(default_factory=dict)
    optional: Mapping[str, Any] = field(default_factory=dict)
    one_of: Mapping[str, Any] = field(default_factory=dict)
    synonyms: Mapping[str, str] = field(default_factory=dict)

    @property
    def acts(self) -> bool:
        """Whether the step does something for a lead, rather than wait or decide."""
        return self.channel is not None

    def schema(self) -> dict[str, Any]:
        """The JSON Schema of the config."""
        properties = {**self.required, **self.optional, **self.one_of}
        return {"type": "object", "properties": properties, "required": list(self.required)}

    def needs(self) -> str:
        """What a person must fill in, in words."""
        parts = list(self.required)
        if self.one_of:
            parts.append(f"at least one of {', '.join(self.one_of)}")
        return " and ".join(parts) or "nothing"


def _linkedin(**options: Any) -> Kind:
    return Kind(channel=Channel.LINKEDIN, **options)


def _instagram(**options: Any) -> Kind:
    # There is no channel of its own for Instagram: it counts as web.
    synonyms = {"instagramUsername": "username", **options.pop("synonyms", {})}
    return Kind(channel=Channel.WEB, synonyms=synonyms, **options)


_EMAIL: Final = Kind(
    channel=Channel.EMAIL,
    required={"subject": {**_WORDS, "maxLength": 500}, "body": _WORDS},
    optional={"html": {"type": "string", "maxLength": 200_000}},
    synonyms={"emailSubject": "subject", "emailBody": "body"},
)
_AMOUNT: Final = {"type": "integer", "minimum": 0, "maximum": 10_000}
_USERNAME: Final = {"username": {**_WORDS, "maxLength": 100}}
_FILTERS: Final = {
    "type": "object",
    "properties": {"roles": _LIST, "locations": _LIST, "industries": _LIST, "company_sizes": _LIST},
}

KINDS: Final[Mapping[StepType, Kind]] = {
    StepType.START: Kind(),
    StepType.END: Kind(),
    StepType.DELAY: Kind(
        one_of={"days": _AMOUNT, "hours": _AMOUNT, "minutes": _AMOUNT},
        synonyms={"delayDays": "days", "delayHours": "hours", "delayMinutes": "minutes"},
    ),
    StepType.CONDITION: Kind(
        required={"condition": {"enum": list(CONDITIONS)}}, synonyms={"conditionType": "condition"}
    ),
    StepType.LEAD_GENERATION: Kind(
        one_of={"filters": {**_FILTERS, "minProperties": 1}, "limit": {"type": "integer", "minimum": 1}},
        optional={"source": {"enum": ["apollo_io", "linkedin_search"]}},
        synonyms={"leadGenerationFilters": "filters", "leadGenerationLimit": "limit", "leads_per_day": "limit"},
    ),
    StepType.LINKEDIN_VISIT: _linkedin(),
    StepType.LINKEDIN_FOLLOW: _linkedin(),
    StepType.LINKEDIN_CONNECT: _linkedin(
        optional={"message": {"type": "string", "maxLength": LONGEST_INVITATION}},
        synonyms={"connectionMessage": "message"},
    ),
    StepType.LINKEDIN_MESSAGE: _linkedin(required={"message": _WORDS}, synonyms={"linkedinMessage": "message"}),
    StepType.LINKEDIN_SCRAPE_PROFILE: _linkedin(
        required={"fields": _LIST}, synonyms={"linkedinScrapeFields": "fields"}
    ),
    StepType.LINKEDIN_COMPANY_SEARCH: _linkedin(
        required={"company_name": _WORDS}, synonyms={"linkedinCompanyName": "company_name"}
    ),
    StepType.LINKEDIN_EMPLOYEE_LIST: _linkedin(
        required={"company_url": {**_WORDS, "pattern": "^https://"}}, synonyms={"linkedinCompanyUrl": "company_url"}
    ),
    StepType.LINKEDIN_AUTOPOST: _linkedin(required={"content": _WORDS}, synonyms={"linkedinPostContent": "content"}),
    StepType.LINKEDIN_COMMENT_REPLY: _linkedin(
        required={"comment": _WORDS}, synonyms={"linkedinCommentText": "comment"}
    ),
    StepType.EMAIL_SEND: _EMAIL,
    StepType.EMAIL_FOLLOWUP: _EMAIL,
    StepType.WHATSAPP_SEND: Kind(
        channel=Channel.WHATSAPP, required={"message": _WORDS}, synonyms={"whatsappMessage": "message"}
    ),
    StepType.VOICE_AGENT_CALL: Kind(
        channel=Channel.VOICE,
        required={"agent_id": {"type": "integer", "minimum": 1}, "context": _WORDS},
        synonyms={"voiceAgentId": "agent_id", "voiceContext": "context", "added_context": "context"},
    ),
    StepType.INSTAGRAM_FOLLOW: _instagram(required=_USERNAME),
    StepType.INSTAGRAM_LIKE: _instagram(required=_USERNAME),
    StepType.INSTAGRAM_DM: _instagram(
        required={**_USERNAME, "message": _WORDS}, synonyms={"instagramDmMessage": "message"}
    ),
    StepType.INSTAGRAM_AUTOPOST: _instagram(
        required={"content": _WORDS}, synonyms={"instagramPostContent": "content", "instagramCaption": "content"}
    ),
    StepType.INSTAGRAM_COMMENT_REPLY: _instagram(
        required={"comment": _WORDS}, synonyms={"instagramCommentText": "comment"}
    ),
    StepType.INSTAGRAM_STORY_VIEW: _instagram(required=_USERNAME),
}

_FILTER_SYNONYMS: Final = {
    "person_titles": "roles",
    "location": "locations",
    "organization_locations": "locations",
    "organization_industries": "industries",
    "q_organization_keyword_tags": "industries",
    "organization_num_employees_ranges": "company_sizes",
}


def step_type(word: Any) -> Any:
    """The type meant by a word: a type is itself, a synonym the type it stands for, anything else as it is."""
    return TYPE_SYNONYMS.get(word, word) if isinstance(word, str) else word


def channel_of(type_: str) -> Channel | None:
    return KINDS[StepType(type_)].channel


def normalised(type_: str, config: Any) -> Any:
    """The config with its keys as this house writes them; what is said twice is kept as said in our words."""
    kind = KINDS.get(step_type(type_))
    if kind is None or not isinstance(config, Mapping):
        return config
    config = _renamed(config, kind.synonyms)
    if isinstance(config.get("filters"), Mapping):
        filters = _renamed(config["filters"], _FILTER_SYNONYMS)
        config["filters"] = {key: [value] if isinstance(value, str) else value for key, value in filters.items()}
    return config


def check(type_: str, config: Any) -> None:
    """Raises ValidationError, in words for the person who filled it in, unless the config has what the type needs."""
    kind = KINDS[StepType(type_)]
    Shape(kind.schema())(config)
    if kind.one_of and not any(config.get(name) for name in kind.one_of):
        more = " above zero" if all(each is _AMOUNT for each in kind.one_of.values()) else ""
        raise ValidationError(f"Give at least one of {', '.join(kind.one_of)}{more}.")


def _renamed(config: Mapping[str, Any], synonyms: Mapping[str, str]) -> dict[str, Any]:
    renamed = {key: value for key, value in config.items() if key not in synonyms}
    for key, value in config.items():
        if key in synonyms:
            renamed.setdefault(synonyms[key], value)
    return renamed
