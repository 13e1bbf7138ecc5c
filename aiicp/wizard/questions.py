"""The wizard's questions, as data. A change of what a question means gets a new VERSION."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from lad.moments import WEEKDAYS

VERSION: Final = 1
CATEGORY: Final = "lead_generation"
TOTAL_STEPS: Final = 11
MAX_TEXT: Final = 5_000
MAX_DAYS: Final = 365
MAX_LEADS_PER_DAY: Final = 1_000


class QuestionType(StrEnum):
    """How a question is answered."""

    TEXT = "text"
    SELECT = "select"
    MULTI_SELECT = "multi-select"
    BOOLEAN = "boolean"


class Kind(StrEnum):
    """What a classifier reads from an answer."""

    INDUSTRY = "industry"
    LOCATION = "location"
    DECISION_MAKER = "decision_maker"


@dataclass(frozen=True, slots=True)
class Option:
    """One of the answers to choose from."""

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class Rules:
    """What an answer must be.

    ``number`` is the smallest and largest whole number. ``open_ended`` takes other texts than the options.
    """

    required: bool = True
    max_length: int = MAX_TEXT
    number: tuple[int, int] | None = None
    open_ended: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """One question. Several can share a step, such as the actions of each channel."""

    step_index: int
    intent_key: str
    title: str
    question: str
    helper_text: str
    question_type: QuestionType
    options: tuple[Option, ...] = ()
    rules: Rules = Rules()
    classifier: Kind | None = None
    # The question itself is known by its key and the version of the catalogue.
    category: str = CATEGORY

    @property
    def id(self) -> str:
        return f"{self.intent_key}.v{VERSION}"


@dataclass(frozen=True, slots=True)
class Action:
    """Something to do on a channel: the step of a campaign, and the text it needs.

    ``text_key`` is the intent key of the question for the text, or empty without one.
    """

    step_type: str
    label: str
    text_key: str = ""
    text_required: bool = True
    max_text: int = MAX_TEXT
    # The setting of the step that takes the text.
    setting: str = "message"


@dataclass(frozen=True, slots=True)
class Platform:
    """A channel, and what can be done on it."""

    key: str
    label: str
    actions: tuple[Action, ...]


PLATFORMS: Final[Mapping[str, Platform]] = {
    each.key: each
    for each in (
        Platform(
            "linkedin",
            "LinkedIn",
            (
                Action("linkedin_visit", "Visit the profile"),
                Action("linkedin_follow", "Follow the profile"),
                Action("linkedin_connect", "Send a connection request", "linkedin_connect_template", False, 300),
                Action("linkedin_message", "Send a message", "linkedin_template"),
            ),
        ),
        Platform(
            "email",
            "E-mail",
            (
                Action("email_send", "Send an e-mail", "email_template", setting="body"),
                Action("email_followup", "Follow up by e-mail", "email_followup_template", setting="body"),
            ),
        ),
        Platform("whatsapp", "WhatsApp", (Action("whatsapp_send", "Send a message", "whatsapp_template"),)),
        Platform("voice", "Voice", (Action("manual_task", "Call", "voice_template", setting="instructions"),)),
    )
}
SKIPPED_CONDITIONS: Final = "none"

INDUSTRIES: Final = Question(
    1,
    "icp_industries",
    "Industries",
    "Which industries do you sell to?",
    "For example: clinics and dental practices, but not hospitals.",
    QuestionType.TEXT,
    classifier=Kind.INDUSTRY,
)
LOCATIONS: Final = Question(
    2,
    "icp_locations",
    "Places",
    "Where are these companies?",
    "Cities, regions or countries, for example: Dubai and Abu Dhabi.",
    QuestionType.TEXT,
    classifier=Kind.LOCATION,
)
ROLES: Final = Question(
    3,
    "icp_roles",
    "Decision makers",
    "Who decides there?",
    "Job titles, departments or levels, for example: heads of procurement and CEOs.",
    QuestionType.TEXT,
    classifier=Kind.DECISION_MAKER,
)
SELECTED_PLATFORMS: Final = Question(
    4,
    "selected_platforms",
    "Channels",
    "On which channels do you want to reach them?",
    "Choose one or more. They are used in the order in which you name them.",
    QuestionType.MULTI_SELECT,
    tuple(Option(each.key, each.label) for each in PLATFORMS.values()),
)
WORKFLOW_DELAYS: Final = Question(
    6,
    "workflow_delays",
    "Waiting time",
    "How many days should pass between two steps?",
    "Choose one, or enter a number of days up to 60.",
    QuestionType.SELECT,
    (
        Option("0", "No waiting"),
        Option("1", "1 day"),
        Option("2", "2 days"),
        Option("3", "3 days"),
        Option("7", "7 days"),
    ),
    Rules(number=(0, 60)),
)
# Never asked: campaigns made here have no branches. The builder of campaigns has them.
WORKFLOW_CONDITIONS: Final = Question(
    7,
    "workflow_conditions",
    "Conditions",
    "Should the next step depend on what happened?",
    "Steps that depend on an answer can be added in the campaign.",
    QuestionType.SELECT,
    (Option(SKIPPED_CONDITIONS, "No conditions"),),
    Rules(required=False),
)
CAMPAIGN_GOAL: Final = Question(
    8,
    "campaign_goal",
    "Goal",
    "What should the campaign achieve?",
    "Choose one, or write it in your own words.",
    QuestionType.SELECT,
    (
        Option("meetings", "Book meetings"),
        Option("leads", "Find interested people"),
        Option("awareness", "Make us known"),
        Option("event", "Invite to an event"),
        Option("hiring", "Find people to hire"),
    ),
    Rules(max_length=500, open_ended=True),
)
CAMPAIGN_NAME: Final = Question(
    9,
    "campaign_name",
    "Name",
    "What should the campaign be called?",
    "A name that your team recognises.",
    QuestionType.TEXT,
    rules=Rules(max_length=255),
)
CAMPAIGN_DAYS: Final = Question(
    10,
    "campaign_days",
    "Length",
    "For how many days should it run?",
    f"Choose one, or enter a number up to {MAX_DAYS}. It begins on the day after you start it at the earliest.",
    QuestionType.SELECT,
    tuple(Option(str(days), f"{days} days") for days in (7, 14, 30, 60)),
    Rules(number=(1, MAX_DAYS)),
)
WORKING_DAYS: Final = Question(
    10,
    "working_days",
    "Working days",
    "On which days may it work?",
    "Choose the days. The usual choice is Monday to Friday.",
    QuestionType.MULTI_SELECT,
    tuple(Option(day, day.capitalize()) for day in WEEKDAYS),
)
LEADS_PER_DAY: Final = Question(
    10,
    "leads_per_day",
    "Pace",
    "How many new people should it begin with on each day?",
    f"Choose one, or enter a number up to {MAX_LEADS_PER_DAY:,}.",
    QuestionType.SELECT,
    tuple(Option(str(number), str(number)) for number in (10, 25, 50, 100)),
    Rules(number=(1, MAX_LEADS_PER_DAY)),
)
CONFIRMATION: Final = Question(
    11,
    "confirmation",
    "Summary",
    "Is everything right?",
    "Yes completes the questions. Nothing is sent: you get a draft that you start yourself.",
    QuestionType.BOOLEAN,
    (Option("yes", "Yes"), Option("no", "No, change something")),
)


def actions_question(platform: Platform) -> Question:
    """Return the question for what to do on a channel."""
    return Question(
        5,
        f"{platform.key}_actions",
        f"{platform.label}: actions",
        f"What should happen on {platform.label}?",
        "They are done in this order.",
        QuestionType.MULTI_SELECT,
        tuple(Option(action.step_type, action.label) for action in platform.actions),
    )


def text_question(platform: Platform, action: Action, templates: tuple[Option, ...] = ()) -> Question:
    """Return the question for the text of an action. ``templates`` are stored ones that can be chosen instead."""
    helper = "Write the text"
    if action.step_type == "email_send":
        helper = "Begin with a line such as “Subject: A question”, then write the text"
    if action.step_type == "manual_task":
        helper = "Write what the caller should say; a person of your team gets it as a task"
    variables = " You can use {{first_name}} and {{company_name}}." if action.step_type != "manual_task" else ""
    choice = ", or choose a template" if templates else ""
    skip = "" if action.text_required else " Say “skip” to send it without a text."
    return Question(
        5,
        action.text_key,
        f"{platform.label}: {action.label.lower()}",
        f"What should it say? ({platform.label}: {action.label.lower()})",
        f"{helper}{choice}.{variables}{skip}",
        QuestionType.TEXT,
        templates,
        Rules(required=action.text_required, max_length=action.max_text, open_ended=True),
    )


# What the catalogue shows before anything is answered: every channel's actions stand for step 5.
CATALOGUE: Final[tuple[Question, ...]] = (
    INDUSTRIES,
    LOCATIONS,
    ROLES,
    SELECTED_PLATFORMS,
    *(actions_question(platform) for platform in PLATFORMS.values()),
    WORKFLOW_DELAYS,
    WORKFLOW_CONDITIONS,
    CAMPAIGN_GOAL,
    CAMPAIGN_NAME,
    CAMPAIGN_DAYS,
    WORKING_DAYS,
    LEADS_PER_DAY,
    CONFIRMATION,
)
