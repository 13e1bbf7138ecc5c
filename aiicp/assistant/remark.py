"""A model's own words in an answer: asked for with the whole conversation, and let through sentence by sentence.

LAD asks the questions and holds the choices, so a question of the model is left out. So is a sentence with a link, in
whose address a hostile text could carry away what was said, and everything else once it repeats its instructions.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from aiicp.assistant.purposes import TURN
from aiicp.conversations.models import Message, MessageRole
from lad.llm import prompt_files
from lad.llm.messages import Message as Said
from lad.llm.models import ModelConnection
from lad.llm.questions import Question

MAX_TOKENS: Final = 220
MAX_CHARACTERS: Final = 700
# The first message and the last ones up to here go to the model; what older ones said is in the slots.
MAX_HISTORY_CHARACTERS: Final = 40_000
LEAK_CHARACTERS: Final = 40
# The last character of a sentence, once it is known that more follows.
_END: Final = re.compile(r"[.!:;…?؟](?=\s)|\n")
_QUESTION_MARKS: Final = ("?", "؟")
# An address with a scheme or a path, also in Markdown, and a name that programs make a link of.
_LINK: Final = re.compile(
    r"://|\bwww\.|\]\s*\(|\]\s*:|\b(?:mailto|tel|data|javascript):|\w\.[a-z]{2,}[/?#:]", re.IGNORECASE
)
_DOTTED: Final = re.compile(r"(?<![\w-])[\w-]+(?:\.[\w-]+)+")
_DOMAIN: Final = re.compile(r"\.[^\W\d_]{2}")


def question(
    *,
    tenant_id: UUID,
    history: Sequence[Message],
    known: str,
    language: str,
    connection: ModelConnection | None = None,
) -> Question:
    """Return what is asked of the model: to say something to the last message of the history, which is in order.

    ``connection`` is the tenant's, if it was found already.
    """
    prompt = prompt_files.render("aiicp.assistant.remark", 1, language=language)
    said = [Said("user" if each.role == MessageRole.USER else "assistant", each.content) for each in _kept(history)]
    # What is known goes before the history, so that the last message stays the last.
    return Question(
        tenant_id,
        TURN,
        [Said("user", f"What LAD has noted so far: {known}", untrusted=True), Said("assistant", "Noted."), *said],
        prompt=prompt,
        max_tokens=MAX_TOKENS,
        temperature=0.3,
        connection=connection,
    )


def said_in(asked: Question) -> str:
    """Return all that was said in the conversation a question is about."""
    return "\n".join(each.content for each in asked.messages)


def _kept(history: Sequence[Message]) -> list[Message]:
    """Return all messages, or of a very long conversation the first and the last ones."""
    if sum(len(each.content) for each in history) <= MAX_HISTORY_CHARACTERS:
        return list(history)
    first, *rest = history
    left, kept = MAX_HISTORY_CHARACTERS - len(first.content), []
    for each in reversed(rest):
        left -= len(each.content)
        if left < 0:
            break
        kept.append(each)
    return [first, *reversed(kept)]


@dataclass(slots=True)
class Remark:
    """Takes a model's words as they come and yields what may be shown.

    ``instructions`` must not appear in it, nor the names of sites that are not in ``said``, the conversation.
    """

    instructions: str
    said: str = ""
    text: str = ""
    leaked: bool = False
    _waiting: str = ""
    _folded: str = field(init=False)

    def __post_init__(self) -> None:
        self._folded = _folded(self.instructions)

    def take(self, words: str) -> Iterator[str]:
        """Yield the sentences that are complete with these words."""
        self._waiting += words
        while found := _END.search(self._waiting):
            sentence, rest = self._waiting[: found.end()], self._waiting[found.end() :]
            self._waiting = rest.lstrip()
            yield from self._let(sentence)

    def end(self) -> Iterator[str]:
        """Yield what is left."""
        rest, self._waiting = self._waiting, ""
        if rest.strip():
            yield from self._let(rest)

    def _let(self, sentence: str) -> Iterator[str]:
        sentence = f"{' ' if self.text else ''}{sentence.strip()}"
        full = len(self.text) + len(sentence) > MAX_CHARACTERS
        if self.leaked or full or any(mark in sentence for mark in _QUESTION_MARKS) or self._links(sentence):
            return
        if self._repeats(self.text + sentence):
            self.leaked = True
            return
        self.text += sentence
        yield sentence

    def _links(self, sentence: str) -> bool:
        """Return whether a sentence has a link, or the name of a site that nobody in the conversation has named."""
        known = self.said.casefold()
        names = [name for name in _DOTTED.findall(sentence) if _DOMAIN.search(name)]
        return bool(_LINK.search(sentence)) or any(name.casefold() not in known for name in names)

    def _repeats(self, said: str) -> bool:
        """Return whether the words repeat the instructions, or the delimiters of strangers' texts."""
        folded = _folded(said)
        if "<data-" in said.lower() or "</data-" in said.lower():
            return True
        starts = range(max(len(folded) - LEAK_CHARACTERS, -1) + 1)
        return any(folded[start : start + LEAK_CHARACTERS] in self._folded for start in starts)


def _folded(text: str) -> str:
    return " ".join(text.lower().split())
