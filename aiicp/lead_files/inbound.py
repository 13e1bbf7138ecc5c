"""Ask, one question at a time, what to do with the people of a file: on which channels, and with those known already.

The client keeps the leads and the answers. Nothing is stored, and nothing is sent or imported here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from aiicp.lead_files import assessment
from aiicp.lead_files.columns import PLATFORMS
from aiicp.lead_files.rows import CheckedRow
from aiicp.wizard.questions import Option, Question, QuestionType
from aiicp.wizard.replies import NotUnderstood, Reply, read
from leads.contacts.services.duplicates import Duplicates

CATEGORY: Final = "inbound"
USE: Final = "use_"
DUPLICATES: Final = "duplicates"
NOT_ASKED: Final = "This question is not asked. Answer the one shown."
NO_CHANNEL: Final = "No channel is left. Choose at least one, or add what is missing to the file."


@dataclass(frozen=True, slots=True)
class InboundTurn:
    """What follows from the answers so far. ``message`` says what was wrong with the last one."""

    answers: Mapping[str, Any]
    question: Question | None
    message: str = ""
    clarification_needed: bool = False

    @property
    def completed(self) -> bool:
        return self.question is None and bool(self.platforms)

    @property
    def platforms(self) -> list[str]:
        """Return the channels that were chosen, in their order."""
        return [platform for platform in PLATFORMS if self.answers.get(f"{USE}{platform}") is True]


def questions(rows: Sequence[CheckedRow]) -> list[Question]:
    """Return the questions that the rows raise: each channel that reaches somebody, then what to do with duplicates."""
    asked = [
        Question(
            step,
            f"{USE}{each.platform}",
            PLATFORMS[each.platform],
            each.question,
            "Nothing is sent before you start a campaign.",
            QuestionType.BOOLEAN,
            tuple(Option(value, label) for value, label in each.options),
            category=CATEGORY,
        )
        for step, each in enumerate(assessment.questions(assessment.coverage(rows)), 1)
    ]
    if not asked:
        return []
    duplicates = Question(
        len(asked) + 1,
        DUPLICATES,
        "Duplicates",
        "What should happen with people who are leads already?",
        "To complete a lead fills in what it lacks and changes nothing else.",
        QuestionType.SELECT,
        (
            Option(Duplicates.SKIP, "Leave them as they are"),
            Option(Duplicates.UPDATE, "Complete them"),
            Option(Duplicates.CREATE, "Create another lead for each"),
        ),
        category=CATEGORY,
    )
    return [*asked, duplicates]


def next_turn(
    rows: Sequence[CheckedRow], answers: Mapping[str, Any], *, intent_key: str = "", said: Reply | None = None
) -> InboundTurn:
    """Take an answer to the question with this key, and return the answers with the next question.

    Without an answer, return the first open question. What is no answer is asked again, with what to do. Answers that
    belong to no question, or are none that it takes, do not count.
    """
    asked = {each.intent_key: each for each in questions(rows)}
    known = {key: value for key, value in answers.items() if key in asked and _is_answer(asked[key], value)}
    if said is not None:
        question = asked.get(intent_key) or next((each for key, each in asked.items() if key not in known), None)
        if question is None or (intent_key and intent_key not in asked):
            return InboundTurn(known, _open(asked, known), NOT_ASKED, True)
        try:
            known[question.intent_key] = read(question, said)
        except NotUnderstood as error:
            return InboundTurn(known, question, str(error), True)
    turn = InboundTurn(known, _open(asked, known))
    return turn if turn.question or turn.platforms else InboundTurn(known, None, NO_CHANNEL, True)


def _open(asked: Mapping[str, Question], known: Mapping[str, Any]) -> Question | None:
    return next((each for key, each in asked.items() if key not in known), None)


def _is_answer(question: Question, value: Any) -> bool:
    if question.question_type == QuestionType.BOOLEAN:
        return isinstance(value, bool)
    return isinstance(value, str) and value in {option.value for option in question.options}
