"""The language in which an agent speaks on one call."""

from babel import Locale, UnknownLocaleError

from campaigns.templates.filters import locale_of
from voice.agents.models import AgentContent


def language_for(content: AgentContent, wanted: str) -> str:
    """Return the agent's own code of the language that is wanted, if the agent speaks it, or else its first one.

    ``en-US`` is spoken by an agent of ``en-GB`` unless it has a closer one.
    """
    spoken = [content.language, *content.openings]
    if wanted in spoken:
        return wanted
    base = wanted.split("-")[0]
    return next((code for code in spoken if base and code.split("-")[0] == base), content.language)


def opening_of(content: AgentContent, language: str, *, inbound: bool) -> str:
    """Return what the agent says first in a language, empty if nothing is written for it."""
    if language == content.language:
        return content.inbound_starter_prompt if inbound else content.outbound_starter_prompt
    opening = content.openings.get(language) or {}
    return str(opening.get("inbound" if inbound else "outbound") or "")


def name_of(code: str) -> str:
    """Return the English name of a language, such as German, or its code if it is not known."""
    try:
        return str(Locale.parse(code.replace("_", "-"), sep="-").get_display_name("en") or code)
    except (UnknownLocaleError, ValueError):
        return str(locale_of("en").languages.get(code.split("-")[0], code))
