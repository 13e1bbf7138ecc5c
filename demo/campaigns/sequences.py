"""What the demo's campaigns do, step by step, and which campaigns there are."""

from dataclasses import dataclass
from typing import Any, Final

Steps = list[tuple[str, str, dict[str, Any]]]

_HELLO: Final = "Hello {{first_name}}, "

LINKEDIN: Final[Steps] = [
    ("linkedin_visit", "Look at the profile", {}),
    ("linkedin_connect", "Invite", {"message": _HELLO + "I follow {{company_name}} and would like to stay in touch."}),
    ("delay", "Wait three days", {"days": 3}),
    ("condition", "Accepted?", {"condition": "connected"}),
    (
        "linkedin_message",
        "Say why",
        {"message": _HELLO + "thank you for connecting. What keeps you busy as {{title}}?"},
    ),
]
EMAIL: Final[Steps] = [
    (
        "email_send",
        "Introduce us",
        {
            "subject": "A question about {{company_name}}",
            "body": _HELLO + "may I show you what others in {{industry}} do?",
        },
    ),
    ("delay", "Wait four days", {"days": 4}),
    ("condition", "Opened?", {"condition": "opened"}),
    ("email_followup", "Ask again", {"subject": "Once more", "body": _HELLO + "did my note reach you?"}),
]
EVERYWHERE: Final[Steps] = [
    (
        "lead_generation",
        "Find people",
        {"filters": {"roles": ["Head of Data", "CTO"], "locations": ["Germany", "Sweden"]}, "limit": 25},
    ),
    ("linkedin_connect", "Invite", {}),
    ("delay", "Wait two days", {"days": 2}),
    (
        "email_send",
        "Write",
        {"subject": "{{first_name}}, a short question", "body": _HELLO + "who looks after data at {{company_name}}?"},
    ),
    ("delay", "Wait a day and a half", {"days": 1, "hours": 12}),
    ("voice_agent_call", "Call", {"agent_id": 1, "context": "They were invited on LinkedIn and have had one e-mail."}),
    (
        "instagram_dm",
        "Write on Instagram",
        {"username": "{{instagram}}", "message": _HELLO + "we wrote to you elsewhere too."},
    ),
]
INBOUND: Final[Steps] = [
    ("start", "A request comes in", {}),
    ("whatsapp_send", "Answer at once", {"message": _HELLO + "thank you for your request. When may we call you?"}),
    ("delay", "Wait two hours", {"hours": 2}),
    ("voice_agent_call", "Call", {"agent_id": 1, "context": "They asked for a call back on the website."}),
    ("condition", "Answered?", {"condition": "voice_answered"}),
    ("email_send", "Send the details", {"subject": "As promised", "body": _HELLO + "here is what we talked about."}),
    ("end", "Done", {}),
]
OPEN_DAY: Final[Steps] = [
    ("email_send", "Invite", {"subject": "Come and see us", "body": _HELLO + "our next open day is close."}),
    ("delay", "Wait five days", {"days": 5}),
    ("whatsapp_send", "Remind", {"message": _HELLO + "shall we keep a place for you?"}),
    ("delay", "Wait a day", {"days": 1}),
    ("voice_agent_call", "Call", {"agent_id": 1, "context": "They have not answered the invitation to the open day."}),
]


@dataclass(frozen=True, slots=True)
class Plan:
    """One campaign of the demo: made ``ago`` days ago, for ``leads`` of the company's leads."""

    name: str
    status: str
    kind: str
    steps: Steps
    ago: int
    leads: int
    # Days it lasts from its start, two days after it was made; 0 for no end.
    lasts: int = 0
    state: str = "active"
    reason: str = ""
    description: str = ""


PLANS: Final = {
    "kestrel-analytics": [
        Plan(
            "Data leaders DACH",
            "running",
            "multi_channel",
            EVERYWHERE,
            45,
            60,
            90,
            description="Heads of data in mid-sized companies; book a demo of the benchmark.",
        ),
        Plan(
            "Benchmark report 2026",
            "running",
            "email_outreach",
            EMAIL,
            20,
            45,
            0,
            "sleeping_until_next_day",
            "All leads of today are done; it goes on in the morning.",
        ),
        Plan(
            "Nordics on LinkedIn",
            "running",
            "linkedin_outreach",
            LINKEDIN,
            12,
            30,
            60,
            "waiting_for_leads",
            "No lead waits in it; looked again six hours later.",
        ),
        Plan(
            "Retail analytics",
            "paused",
            "linkedin_outreach",
            LINKEDIN,
            38,
            35,
            description="Paused until the new case study is out.",
        ),
        Plan("Spring webinar", "completed", "email_outreach", EMAIL, 105, 50, 30, "completed"),
        Plan(
            "Old CRM contacts",
            "stopped",
            "email_outreach",
            EMAIL,
            80,
            25,
            0,
            "error",
            "The mailbox refused the password four times.",
            "Stopped: too many addresses bounced.",
        ),
        Plan("Pilot customers 2025", "archived", "linkedin_outreach", LINKEDIN, 118, 20, 40, "completed"),
        Plan(
            "Partner programme",
            "draft",
            "multi_channel",
            EVERYWHERE,
            3,
            0,
            description="Waiting for the wording from Elena.",
        ),
    ],
    "brightpath-education": [
        Plan("Open day autumn", "running", "multi_channel", OPEN_DAY, 24, 55, 45),
        Plan("Call back within the hour", "running", "inbound", INBOUND, 70, 40),
        Plan("Scholarship reminder", "paused", "email_outreach", EMAIL, 30, 25),
        Plan("Summer school", "completed", "multi_channel", OPEN_DAY, 110, 45, 40, "completed"),
        Plan("Alumni referrals", "stopped", "email_outreach", EMAIL, 60, 15, 0, "active", "", "Stopped by the dean."),
        Plan("Counsellors on LinkedIn", "archived", "linkedin_outreach", LINKEDIN, 100, 15, 20, "completed"),
        Plan("January intake", "draft", "multi_channel", OPEN_DAY, 2, 20),
    ],
}
SMALL: Final = [
    Plan("Landlords in the harbour", "running", "email_outreach", EMAIL, 9, 15),
    Plan("Viewings that went quiet", "paused", "inbound", INBOUND, 14, 10),
    Plan("Spring valuations", "draft", "email_outreach", EMAIL, 1, 6),
]
