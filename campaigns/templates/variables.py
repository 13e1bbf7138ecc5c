"""The variables that every message can use, with samples for previews."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

# Stands for the link until the message is sent: each message has a link of its own. The domain cannot exist.
UNSUBSCRIBE_MARKER: Final = "https://unsubscribe.invalid/link"
CUSTOM: Final = "custom"


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable: its name, what it is called on pages, and a sample."""

    name: str
    label: str
    sample: str


VARIABLES: Final = (
    Variable("first_name", "First name", "Maya"),
    Variable("last_name", "Last name", "Lindqvist"),
    Variable("full_name", "Full name", "Maya Lindqvist"),
    Variable("title", "Job title", "Head of Operations"),
    Variable("company_name", "Company", "Northwind Logistics"),
    Variable("company_domain", "Company's domain", "northwind.example"),
    Variable("industry", "Industry", "Logistics"),
    Variable("location", "Location", "Gothenburg"),
    Variable("email", "E-mail", "maya.lindqvist@northwind.example"),
    Variable("phone", "Phone", "+46 70 174 06 05"),
    Variable("linkedin_url", "LinkedIn", "https://www.linkedin.com/in/maya-lindqvist"),
    Variable("instagram", "Instagram", "@maya"),
    Variable("owner.name", "Assigned to: name", "Ana Ferreira"),
    Variable("owner.first_name", "Assigned to: first name", "Ana"),
    Variable("owner.email", "Assigned to: e-mail", "ana@kestrel.example"),
    Variable("owner.phone", "Assigned to: phone", "+49 30 901820"),
    Variable("sender.name", "Sender: name", "Ana Ferreira"),
    Variable("sender.first_name", "Sender: first name", "Ana"),
    Variable("sender.email", "Sender: e-mail", "ana@kestrel.example"),
    Variable("sender.phone", "Sender: phone", "+49 30 901820"),
    Variable("sender.signature", "Sender: signature", "Ana Ferreira\nKestrel Analytics"),
    Variable("sender.company", "Sender: company", "Kestrel Analytics"),
    Variable("booking_url", "Booking link", "https://calendar.example/ana"),
    Variable("campaign.name", "Campaign", "Spring outreach"),
    Variable("today", "Today", ""),
    Variable("tomorrow", "Tomorrow", ""),
    Variable("weekday", "Day of the week", ""),
    Variable("unsubscribe_url", "Link to unsubscribe", UNSUBSCRIBE_MARKER),
)
NAMES: Final = frozenset(variable.name for variable in VARIABLES) | {"now"}

# Other names that templates of earlier versions, or of other products, use.
SYNONYMS: Final[Mapping[str, str]] = {
    "fullname": "full_name",
    "name": "full_name",
    "contact_name": "full_name",
    "fullName": "full_name",
    "firstname": "first_name",
    "firstName": "first_name",
    "lastname": "last_name",
    "lastName": "last_name",
    "job_title": "title",
    "jobTitle": "title",
    "company": "company_name",
    "companyName": "company_name",
    "linkedin": "linkedin_url",
    "linkedinUrl": "linkedin_url",
    "booking_link": "booking_url",
    "unsubscribe_link": "unsubscribe_url",
    "sender_name": "sender.name",
    "senderName": "sender.name",
    "sender_email": "sender.email",
    "signature": "sender.signature",
}


def canonical(name: str) -> str:
    """Return the name under which the variable is known here."""
    return SYNONYMS.get(name, name)


def is_known(name: str, declared: Iterable[str] = ()) -> bool:
    """Return whether something can fill the variable: a lead's own field, a custom field, or one that is declared."""
    root = name.split(".")[0]
    return root == CUSTOM or canonical(name) in NAMES or root in declared


def suggestion(name: str, declared: Iterable[str] = ()) -> str:
    """Return a sentence with the name that was probably meant, or how custom fields are written."""
    names = [*NAMES, *SYNONYMS, *declared]
    near = get_close_matches(name, names, n=1, cutoff=0.75) or get_close_matches(name.lower(), names, n=1, cutoff=0.75)
    if near:
        return f"Did you mean {{{{ {canonical(near[0])} }}}}?"
    return f"For a custom field of the lead write {{{{ {CUSTOM}.{name.split('.')[-1]} }}}}."
