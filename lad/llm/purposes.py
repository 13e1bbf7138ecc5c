"""The purposes of model calls. The feature that calls registers its purpose; usage and limits are counted by it."""

from dataclasses import dataclass
from typing import Final

from lad.registry import Registry


@dataclass(frozen=True, slots=True)
class Purpose:
    """One use of models, such as the turns of a conversation."""

    key: str
    label: str


purposes: Final = Registry[Purpose]("purpose of a model call")

# LAD's own: the button that tests a connection, and the command that evaluates a prompt.
CONNECTION_TEST: Final = purposes.register(Purpose("llm.test", "Connection test")).key
EVALUATION: Final = purposes.register(Purpose("llm.evaluation", "Evaluation of a prompt")).key
