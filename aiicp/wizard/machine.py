"""The course of the wizard: which question comes next, and what an answer does. It stores and sends nothing.

The questions that apply follow from the answers alone, so that an earlier answer can be changed at any time: what it
makes superfluous is not asked any more, and what is missing is asked for.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from aiicp.wizard import questions as q
from aiicp.wizard import replies
from aiicp.wizard.classifiers import Classification, chosen, classify, confirmed
from aiicp.wizard.questions import Action, Option, Platform, Question, QuestionType
from aiicp.wizard.replies import NotUnderstood, Reply
from aiicp.wizard.suggestions import suggestions

Classify = Callable[[q.Kind, str], Classification]
# Says what is wrong with the text of an action, or returns an empty text.
CheckText = Callable[[Action, str], str]
Templates = Mapping[str, tuple[Option, ...]]

OTHER: Final = "other"
WHICH_TO_CHANGE: Final = "change"
_SKIPPED: Final = "skipped"


@dataclass(frozen=True, slots=True)
class Progress:
    """The answers so far by intent key, the question that is asked, and a reading that waits for confirmation."""

    answers: Mapping[str, Any] = field(default_factory=dict)
    current: str = q.INDUSTRIES.intent_key
    pending: Mapping[str, Any] | None = None
    choosing: bool = False
    completed: bool = False


@dataclass(frozen=True, slots=True)
class Turn:
    """What follows from an answer. ``message`` says what was wrong with it, or what was understood."""

    progress: Progress
    question: Question | None
    message: str = ""
    clarification_needed: bool = False
    found: Classification | None = None

    @property
    def completed(self) -> bool:
        return self.progress.completed


def sequence(answers: Mapping[str, Any], templates: Templates | None = None) -> list[Question]:
    """Return the questions that apply with these answers, in their order. Conditions are never among them."""
    found = [q.INDUSTRIES, q.LOCATIONS, q.ROLES, q.SELECTED_PLATFORMS]
    for platform in platforms_of(answers):
        found.append(q.actions_question(platform))
        options = (templates or {}).get(platform.key, ())
        found += [
            q.text_question(platform, action, options) for action in actions_of(answers, platform) if action.text_key
        ]
    if number_of_actions(answers) > 1:
        found.append(q.WORKFLOW_DELAYS)
    return [
        *found,
        q.CAMPAIGN_GOAL,
        _named(answers),
        q.CAMPAIGN_DAYS,
        q.WORKING_DAYS,
        q.LEADS_PER_DAY,
        q.CONFIRMATION,
    ]


def platforms_of(answers: Mapping[str, Any]) -> list[Platform]:
    """Return the chosen channels in the order in which they were chosen."""
    return [q.PLATFORMS[key] for key in answers.get(q.SELECTED_PLATFORMS.intent_key, ()) if key in q.PLATFORMS]


def actions_of(answers: Mapping[str, Any], platform: Platform) -> list[Action]:
    """Return what was chosen to do on a channel, in the order in which it makes sense."""
    wanted = answers.get(f"{platform.key}_actions", ())
    return [action for action in platform.actions if action.step_type in wanted]


def number_of_actions(answers: Mapping[str, Any]) -> int:
    return sum(len(actions_of(answers, platform)) for platform in platforms_of(answers))


def current_question(progress: Progress, templates: Templates | None = None) -> Question | None:
    """Return the question that is asked now, or None at the end."""
    if progress.completed:
        return None
    order = sequence(progress.answers, templates)
    if progress.choosing:
        return _change_question(order)
    if progress.pending is not None:
        return _confirm_question(_pending(progress))
    asked = next((each for each in order if each.intent_key == progress.current), None)
    return asked or _first_open(progress, order)


def reply(
    progress: Progress,
    said: Reply,
    *,
    intent_key: str = "",
    classify: Classify = classify,
    check_text: CheckText | None = None,
    templates: Templates | None = None,
) -> Turn:
    """Answer the current question, or the one with this intent key, and return what follows.

    An answer that cannot be used changes nothing: the same question is asked again, with what to do.
    """
    order = sequence(progress.answers, templates)
    if intent_key and intent_key != progress.current:
        if intent_key not in {each.intent_key for each in order}:
            question = current_question(progress, templates)
            return Turn(progress, question, "This question is not asked. Answer the one shown.", True)
        progress = replace(progress, current=intent_key, pending=None, choosing=False, completed=False)
    question = current_question(progress, templates)
    if question is None:
        return Turn(progress, None, "All questions are answered. Name the one that you want to change.")
    if isinstance(said, str) and replies.plain(said) in replies.BACK:
        return back(progress, templates)
    try:
        if progress.choosing:
            return _go_to(progress, said, order, templates)
        if progress.pending is not None:
            return _confirm(progress, question, said, classify, templates)
        if question.classifier is not None:
            return _classified(progress, question, said, classify, templates)
        return _answered(progress, question, said, check_text, templates)
    except NotUnderstood as error:
        return Turn(progress, question, str(error), True)


def back(progress: Progress, templates: Templates | None = None) -> Turn:
    """Return to the question before the current one. Answers stay until they are changed."""
    keys = [each.intent_key for each in sequence(progress.answers, templates)]
    if progress.pending is not None or progress.choosing:
        before = progress.current
    elif progress.completed:
        before = keys[-1]
    else:
        place = keys.index(progress.current) if progress.current in keys else 0
        before = keys[max(0, place - 1)]
    moved = replace(progress, current=before, pending=None, choosing=False, completed=False)
    return Turn(moved, current_question(moved, templates))


def summary(answers: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what was answered, as pairs of a title and words."""
    found = []
    for question in sequence(answers):
        value = answers.get(question.intent_key)
        if question is not q.CONFIRMATION and value not in (None, ""):
            found.append((question.title, _in_words(question, value)))
    return found


def _answered(
    progress: Progress, question: Question, said: Reply, check_text: CheckText | None, templates: Templates | None
) -> Turn:
    value = replies.read(question, said)
    if question.intent_key == q.CONFIRMATION.intent_key:
        if value:
            done = replace(progress, answers={**progress.answers, question.intent_key: True}, completed=True)
            return Turn(done, None, "Everything is answered. You can make a draft campaign of it now.")
        choosing = replace(progress, choosing=True)
        return Turn(choosing, current_question(choosing, templates), "What should be changed?", True)
    action = _action_with_text(question.intent_key)
    if action is not None and check_text is not None and value:
        problem = check_text(action, value)
        if problem:
            raise NotUnderstood(problem)
    return _next(progress, question, value, templates)


def _classified(
    progress: Progress, question: Question, said: Reply, classify: Classify, templates: Templates | None
) -> Turn:
    assert question.classifier is not None
    written = str(replies.read(question, said))
    if replies.plain(written) in replies.UNDECIDED:
        examples = ", ".join(suggestions(question.classifier, "", limit=5))
        raise NotUnderstood(f"Begin with what you know; it can be changed later. For example: {examples}.")
    found = classify(question.classifier, written)
    if not found.values and found.excluded:
        raise NotUnderstood(f"You named what is not wanted: {', '.join(found.excluded)}. Say also what is wanted.")
    if not found.values:
        said = f"Nothing was recognised in “{written[:100]}”. {question.helper_text} {found.note}"
        raise NotUnderstood(said.strip())
    if found.is_sure:
        return _next(progress, question, found.stored(), templates, found)
    waiting = replace(progress, current=question.intent_key, pending=found.stored())
    message = f"{found.reasoning} {found.note}".strip()
    return Turn(waiting, current_question(waiting, templates), message, True, found)


def _confirm(
    progress: Progress, question: Question, said: Reply, classify: Classify, templates: Templates | None
) -> Turn:
    """Take yes for the reading, one of the alternatives, or another answer to the question itself."""
    found = _pending(progress)
    asked = next(each for each in sequence(progress.answers) if each.intent_key == progress.current)
    again = replace(progress, pending=None)
    if isinstance(said, list):
        said = said[0] if len(said) == 1 else ", ".join(said)
    try:
        wanted = _yes_or_no(said)
    except NotUnderstood:
        wanted = None
    if wanted:
        return _next(again, asked, confirmed(found).stored(), templates, confirmed(found))
    if wanted is False or said == OTHER:
        return Turn(again, asked, "Then say it in other words.", True)
    match = next((each for each in found.alternatives if replies.plain(each) == replies.plain(said)), None)
    if match is not None:
        other = chosen(found, match)
        return _next(again, asked, other.stored(), templates, other)
    return _classified(again, asked, said, classify, templates)


def _yes_or_no(said: Reply) -> bool:
    return bool(replies.read(q.CONFIRMATION, said))


def _go_to(progress: Progress, said: Reply, order: list[Question], templates: Templates | None) -> Turn:
    key = str(replies.read(_change_question(order), said))
    moved = replace(progress, current=key, choosing=False)
    return Turn(moved, current_question(moved, templates))


def _next(
    progress: Progress,
    question: Question,
    value: Any,
    templates: Templates | None,
    found: Classification | None = None,
) -> Turn:
    answers = {**progress.answers, question.intent_key: value, q.WORKFLOW_CONDITIONS.intent_key: q.SKIPPED_CONDITIONS}
    # A changed answer has to be confirmed again.
    answers.pop(q.CONFIRMATION.intent_key, None)
    if number_of_actions(answers) <= 1 and _actions_are_chosen(answers):
        answers[q.WORKFLOW_DELAYS.intent_key] = _SKIPPED
    elif answers.get(q.WORKFLOW_DELAYS.intent_key) == _SKIPPED:
        answers.pop(q.WORKFLOW_DELAYS.intent_key)
    moved = replace(progress, answers=answers, pending=None, choosing=False)
    following = _first_open(moved, sequence(answers, templates))
    moved = replace(moved, current=following.intent_key)
    return Turn(moved, following, found.reasoning if found else "", False, found)


def _actions_are_chosen(answers: Mapping[str, Any]) -> bool:
    return bool(platforms_of(answers)) and all(
        f"{platform.key}_actions" in answers for platform in platforms_of(answers)
    )


def _first_open(progress: Progress, order: list[Question]) -> Question:
    return next((each for each in order if each.intent_key not in progress.answers), order[-1])


def _pending(progress: Progress) -> Classification:
    asked = next(each for each in q.CATALOGUE if each.intent_key == progress.current)
    assert asked.classifier is not None and progress.pending is not None
    return Classification.of(asked.classifier, progress.pending)


def _confirm_question(found: Classification) -> Question:
    asked = next(each for each in q.CATALOGUE if each.classifier == found.kind)
    options = [Option("yes", f"Yes, {found.value}"), *(Option(each, each) for each in found.alternatives)]
    return replace(
        asked,
        question=f"Did you mean {found.value}?",
        helper_text=f"{found.reasoning} Choose yes, another meaning, or say it in other words.",
        question_type=QuestionType.SELECT,
        options=(*options, Option(OTHER, "Something else")),
        rules=q.Rules(open_ended=True),
    )


def _change_question(order: list[Question]) -> Question:
    options = tuple(Option(each.intent_key, each.title) for each in order if each is not q.CONFIRMATION)
    return Question(
        q.TOTAL_STEPS,
        WHICH_TO_CHANGE,
        "Change",
        "Which answer should be changed?",
        "The others stay as they are.",
        QuestionType.SELECT,
        options,
    )


def _named(answers: Mapping[str, Any]) -> Question:
    """Return the question for the name, with one that the answers suggest."""
    stored = [answers.get(key) for key in (q.ROLES.intent_key, q.LOCATIONS.intent_key)]
    parts = [Classification.of(q.Kind.LOCATION, each).value for each in stored if isinstance(each, Mapping)]
    if len(parts) < len(stored):
        return q.CAMPAIGN_NAME
    name = f"{parts[0]}, {parts[1]}"[:100]
    return replace(q.CAMPAIGN_NAME, options=(Option(name, name),))


def _action_with_text(intent_key: str) -> Action | None:
    every = (action for platform in q.PLATFORMS.values() for action in platform.actions)
    return next((action for action in every if action.text_key == intent_key), None)


def _in_words(question: Question, value: Any) -> str:
    labels = {option.value: option.label for option in question.options}
    if question.classifier is not None:
        found = Classification.of(question.classifier, value)
        return found.value + (f", not {', '.join(found.excluded)}" if found.excluded else "")
    if isinstance(value, list):
        return ", ".join(str(labels.get(each, each)) for each in value)
    return labels.get(str(value), str(value))
