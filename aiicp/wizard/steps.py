"""The steps of a campaign that the answers describe, and the settings of each."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.core.exceptions import ValidationError

from aiicp.wizard import questions as q
from aiicp.wizard.classifiers import Classification
from aiicp.wizard.machine import actions_of, platforms_of
from aiicp.wizard.questions import Action
from campaigns.design.models import CampaignStep
from campaigns.design.step_specs import TEMPLATE, step_types
from campaigns.templates.services import problems_of_step

_SUBJECT: Final = re.compile(r"\A\s*(?:subject|betreff|asunto|objet|sujet)\s*:\s*(.*)$", re.IGNORECASE | re.MULTILINE)
NO_SUBJECT: Final = "Begin with a line such as “Subject: A question”, so that the e-mail has a subject."
NO_BODY: Final = "Write the text of the e-mail below its subject."
MAX_SUBJECT: Final = 500
CALL_WITHOUT_TEXT: Final = "Call the lead."


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """A step of the campaign to be made."""

    type: str
    title: str
    config: Mapping[str, Any]


def steps_of(answers: Mapping[str, Any]) -> list[PlannedStep]:
    """Return the steps: people are found first, then each channel's actions follow with the chosen waiting time."""
    found = [PlannedStep("lead_generation", "Find people", lead_generation(answers))]
    days = _whole(answers.get(q.WORKFLOW_DELAYS.intent_key, "0"))
    for step in _actions(answers):
        if days and len(found) > 1:
            found.append(PlannedStep("delay", f"Wait {days} {'day' if days == 1 else 'days'}", {"days": days}))
        found.append(step)
    return found


def lead_generation(answers: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of the step that finds people. What is not wanted is no filter of it."""
    names = {"industries": q.INDUSTRIES, "locations": q.LOCATIONS, "roles": q.ROLES}
    filters = {
        name: list(Classification.of(question.classifier, answers[question.intent_key]).values)
        for name, question in names.items()
        if question.classifier is not None and question.intent_key in answers
    }
    limit = _whole(answers.get(q.LEADS_PER_DAY.intent_key, "0"))
    return {
        "filters": {name: values for name, values in filters.items() if values},
        **({"limit": limit} if limit else {}),
    }


def config_of(action: Action, text: str) -> dict[str, Any]:
    """Return the settings of an action's step with this text, which may be the id of a template."""
    if action.step_type != "manual_task" and _is_id(text):
        return {TEMPLATE: text}
    if action.step_type == "email_send":
        subject, body = email_parts(text)
        return {"subject": subject, "body": body}
    if action.step_type == "email_followup":
        subject, body = email_parts(text)
        return {"body": body, **({"subject": subject} if subject else {})}
    if action.step_type == "manual_task":
        return {action.setting: text or CALL_WITHOUT_TEXT}
    return {action.setting: text} if text else {}


def problem_of_text(action: Action, text: str) -> str:
    """Return what is wrong with the text of an action and what to do, or an empty text."""
    config = config_of(action, text)
    if action.step_type == "email_send" and not config.get(TEMPLATE):
        if not config["subject"]:
            return NO_SUBJECT
        if len(config["subject"]) > MAX_SUBJECT:
            return f"The subject has {len(config['subject']):,} characters; {MAX_SUBJECT} are possible. Shorten it."
    if "body" in config and not config["body"]:
        return NO_BODY
    try:
        step_types.get(action.step_type).check(config)
    except ValidationError as error:
        return " ".join(error.messages)
    return " ".join(problems_of_step(CampaignStep(type=action.step_type, config=config)))


def email_parts(text: str) -> tuple[str, str]:
    """Return the subject and the text of an e-mail whose first line names its subject."""
    found = _SUBJECT.match(text)
    if found is None:
        return "", text.strip()
    return found[1].strip(), text[found.end() :].strip()


def _actions(answers: Mapping[str, Any]) -> Iterator[PlannedStep]:
    for platform in platforms_of(answers):
        for action in actions_of(answers, platform):
            text = str(answers.get(action.text_key, "")) if action.text_key else ""
            yield PlannedStep(action.step_type, f"{platform.label}: {action.label.lower()}", config_of(action, text))


def _whole(text: Any) -> int:
    return int(text) if str(text).isdecimal() else 0


def _is_id(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False
