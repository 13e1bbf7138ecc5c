"""Publish a post on LinkedIn, once for the whole campaign."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from campaigns.design.step_specs import OUTCOMES, TEXT, StepSpec, step_types
from campaigns.design.step_types.linkedin_visit import LINKEDIN_ACTION
from campaigns.messages.models import Action
from leads.channels import Channel

# LinkedIn's own limit.
MAX_POST_LENGTH: Final = 3_000
NO_VARIABLES: Final = "content is the same for everybody, so it takes no variables. Write it without {{ }}."


@dataclass(frozen=True, slots=True)
class Post(StepSpec):
    """A step whose text everybody reads."""

    def problems(self, config: Mapping[str, Any]) -> Iterator[str]:
        if "{{" in str(config.get("content", "")) or "{%" in str(config.get("content", "")):
            yield NO_VARIABLES


step_types.register(
    Post(
        key="linkedin_autopost",
        label="LinkedIn: post",
        channel=Channel.LINKEDIN,
        for_everybody=True,
        action=Action.POST,
        metered=LINKEDIN_ACTION,
        required={"content": {**TEXT, "maxLength": MAX_POST_LENGTH}},
        optional={"if_failed": {"enum": ["go_on", "stop"]}},
        outcomes=OUTCOMES,
        config_synonyms={"linkedinPostContent": "content"},
    )
)
