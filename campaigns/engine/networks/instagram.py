"""Instagram: everything is done towards the lead's own name there."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from campaigns.design.graph import Step
from campaigns.engine import words
from campaigns.engine.acting import Outcomes, left, skipped
from campaigns.engine.handlers import Context
from campaigns.engine.networks.linkedin import NEWEST_POST
from campaigns.engine.outcomes import Outcome, Place
from campaigns.engine.words import Account, Prepared, Words
from campaigns.templates.contexts import Context as Values

OWN_NAME: Final = "{{ instagram }}"
ABOUT_POSTS: Final = ("instagram_like", "instagram_comment_reply")
WITH_WORDS: Final = ("instagram_dm", "instagram_comment_reply")
OTHER_NAME: Final = "The step is for @{name}, and that is not the Instagram name of the lead."
_PAGE: Final = re.compile(r"\A(?:https?://)?(?:www\.)?instagram\.com/", re.IGNORECASE)


def act(step: Step, places: Sequence[Place], accounts: Mapping[UUID, Account], context: Context) -> Prepared:
    """Return the lead's name for each enrolment, with the text of the step if it has one."""
    values = words.values_of(places, accounts, context)
    found: Outcomes = words.gone(places, values)
    names: dict[UUID, str] = {}
    for place in left(places, found):
        name = _name(step, values[place.id], context)
        if isinstance(name, str):
            names[place.id] = name
        else:
            found[place.id] = name
    named = left(places, found)
    bodies: dict[UUID, str] = {}
    if step.type in WITH_WORDS and named:
        texts, problems = words.fill(step, named, {place.id: values[place.id] for place in named}, context)
        found |= problems
        bodies = {key: text.body for key, text in texts.items()}
    about: Mapping[str, Any] = NEWEST_POST if step.type in ABOUT_POSTS else {}
    return Prepared(
        {
            place.id: Words(bodies.get(place.id, ""), metadata={"username": names[place.id], **about})
            for place in left(named, found)
        },
        found,
    )


def _name(step: Step, values: Values, context: Context) -> str | Outcome:
    """Return the lead's name on Instagram, or what becomes of an enrolment that has none.

    A name without a variable would be the same for every lead, so it counts only for the lead whose name it is.
    """
    written = str(step.config.get("username") or OWN_NAME)
    if "{{" in written:
        filled = words.fill_text(step, written, values, context)
        return username(filled) if isinstance(filled, str) else filled
    wanted, own = username(written), username(str(values.get("instagram", "")))
    return own if own.lower() == wanted.lower() else skipped(OTHER_NAME.format(name=wanted))


def username(text: str) -> str:
    """Return the name in an Instagram address, or in a name as people write it."""
    return _PAGE.sub("", text.strip()).partition("/")[0].partition("?")[0].lstrip("@").strip()
