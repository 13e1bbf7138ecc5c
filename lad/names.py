"""Validate the names of people and companies, which reach mails to strangers: a name is one line and no link."""

import re
import unicodedata
from typing import Final

from django.core.exceptions import ValidationError

NOT_A_NAME: Final = "A name is a single line without web addresses. Put a space after each dot."
NO_LINKS: Final = "Remove the web addresses and e-mail addresses: this text goes to people who do not know you yet."
# What mail programs turn into links: a scheme, www, and a dot between two words.
_LINK: Final = re.compile(r"//|\\\\|(?<!\w)www\.|\w[.。][^\W\d_]\w", re.IGNORECASE)
_LINE_BREAK: Final = re.compile(r"[\r\n\t]")
# Control and format characters, private use, line and paragraph separators.
_REFUSED_CATEGORIES: Final = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})
# Letters of Arabic, Persian and Indian scripts are joined and separated by these.
_JOINERS: Final = frozenset({"\u200c", "\u200d"})


def validate(name: str) -> None:
    """Raise ValidationError for a name with a line break, another control character or something like a link."""
    if not is_name(name):
        raise ValidationError(NOT_A_NAME, code="not_a_name")


def validate_message(text: str) -> None:
    """Raise ValidationError for a message with something like a link, or with control characters but line breaks."""
    if not is_message(text):
        raise ValidationError(NO_LINKS, code="no_links")


def is_name(name: str) -> bool:
    """Return whether the text may be the name of a person or a company."""
    folded = unicodedata.normalize("NFKC", name)
    if any(unicodedata.category(each) in _REFUSED_CATEGORIES and each not in _JOINERS for each in folded):
        return False
    return _LINK.search(folded) is None


def is_message(text: str) -> bool:
    """Return whether the text may go to people who do not know its author. It may have several lines."""
    return is_name(_LINE_BREAK.sub(" ", text))


def shown(name: str, *, otherwise: str) -> str:
    """Return the name for a mail, or the other text if it is empty or was stored before names were validated."""
    return name if name.strip() and is_name(name) else otherwise
