"""The templates of business accounts. Each has the usual ones, and those that LAD or a test adds."""

import re
from typing import Any, Final

from sandbox.core import Core
from sandbox.networks.settings import Settings


def template(
    name: str, body: str, language: str = "en", *, category: str = "MARKETING", status: str = "APPROVED"
) -> dict[str, Any]:
    numbers = sorted(set(re.findall(r"{{(\d+)}}", body)), key=int)
    component: dict[str, Any] = {"type": "BODY", "text": body}
    if numbers:
        component["example"] = {"body_text": [[f"example {number}" for number in numbers]]}
    return {
        "name": name,
        "language": language,
        "category": category,
        "status": status,
        "components": [component],
        "parameter_format": "POSITIONAL",
    }


USUAL: Final = (
    template("hello_world", "Hello World", "en_US", category="UTILITY"),
    template("introduction", "Hello {{1}}, I am writing to you about {{2}}. May I tell you more?"),
    template("introduction", "Guten Tag {{1}}, ich schreibe Ihnen wegen {{2}}. Darf ich mehr erzählen?", "de"),
    template("follow_up", "Hello {{1}}, did you have a moment to think about it?"),
    template("booking_reminder", "Hello {{1}}, we talk on {{2}}.", category="UTILITY"),
    template("autumn_offer", "Hello {{1}}, our offer ends soon.", status="PENDING"),
    template("free_money", "Free money for {{1}}!", status="REJECTED"),
)


class Templates:
    """What business accounts have."""

    def __init__(self, core: Core, settings: Settings) -> None:
        self._core, self._settings = core, settings

    def all(self, business: str) -> list[dict[str, Any]]:
        """Return all templates of a business account, each with an id."""
        given = self._settings.account(business).get("templates")
        known = list(USUAL) if given is None else list(given)
        return [{"id": self._id(business, each), **each} for each in known]

    def add(self, business: str, body: dict[str, Any], *, status: str = "PENDING") -> dict[str, Any]:
        """Keep a new template and return it."""
        made = {**{name: body[name] for name in ("name", "language", "category", "components")}, "status": status}
        self._settings.set_account(business, {"templates": [*self.all(business), made]})
        return {"id": self._id(business, made), **made}

    def find(self, business: str, name: str, language: str) -> dict[str, Any] | None:
        return next((each for each in self.all(business) if (each["name"], each["language"]) == (name, language)), None)

    def _id(self, business: str, template: dict[str, Any]) -> str:
        chance = self._core.chance("template", business, template["name"], template["language"])
        return str(chance.randrange(10**14, 10**15))


def body_of(template: dict[str, Any]) -> str:
    return next((str(each.get("text", "")) for each in template["components"] if each["type"].upper() == "BODY"), "")


def variables_of(template: dict[str, Any]) -> int:
    """Return how many variables the body has."""
    return len(set(re.findall(r"{{(\w+)}}", body_of(template))))


def filled(template: dict[str, Any], parameters: list[str]) -> str:
    """Return what the recipient reads."""
    text = body_of(template)
    for number, value in enumerate(parameters, start=1):
        text = text.replace(f"{{{{{number}}}}}", value)
    return text
