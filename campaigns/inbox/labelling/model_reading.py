"""Ask a model what somebody wants whose words no rule knows. It only suggests: a person accepts it or not.

A suggestion counts where its words are in the message. The reason that people read is made of them.
"""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from campaigns.channels.email.receiving.words import words
from campaigns.inbox.labelling.rules import Labelled
from campaigns.inbox.models import Label
from lad.llm import prompt_files
from lad.llm.purposes import Purpose, purposes
from lad.llm.questions import Question

PURPOSE: Final = purposes.register(Purpose("campaigns.inbox", "Inbox: labels of answers")).key
PROMPT, PROMPT_VERSION = "campaigns.inbox.label", 1
NOTHING: Final = "none"
# An absence is told by its headers.
SUGGESTED: Final = tuple(each for each in Label if each != Label.OUT_OF_OFFICE)
MAX_TOKENS: Final = 200
MAX_MESSAGE: Final = 6_000
MAX_WORDS: Final = 200
SCHEMA: Final[Mapping[str, Any]] = {
    "type": "object",
    "properties": {
        "label": {"type": "string", "enum": [*(each.value for each in SUGGESTED), NOTHING]},
        "words": {"type": "string", "maxLength": MAX_WORDS},
    },
    "required": ["label", "words"],
    "additionalProperties": False,
}


def question(message: str, *, tenant_id: UUID) -> Question:
    """Return what is asked of the model about a message."""
    prompt = prompt_files.render(
        PROMPT, PROMPT_VERSION, labels=", ".join(each.value for each in SUGGESTED), message=message[:MAX_MESSAGE]
    )
    return Question(tenant_id, PURPOSE, prompt=prompt, schema=SCHEMA, max_tokens=MAX_TOKENS, temperature=0.0)


def read(answer: Mapping[str, Any], message: str) -> Labelled | None:
    """Return the label that a model's answer suggests, None if its words are not in the message."""
    said = words(str(answer["words"]))
    if answer["label"] == NOTHING or not said or not _within(said, words(message)):
        return None
    label = Label(answer["label"])
    quoted = " ".join(str(answer["words"]).split())
    return Labelled(label, f"The language model took “{quoted}” for “{label.label}”.")


def _within(said: list[str], text: list[str]) -> bool:
    return any(text[start : start + len(said)] == said for start in range(len(text) - len(said) + 1))
