"""Texts that become parts of a message's header: one line, without control characters."""

import re
from typing import Final

import idna

_CONTROLS: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
# A text keeps its lines and tabs.
_CONTROLS_IN_TEXT: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f]")
# What nothing decodes: half of a character, from text that was cut wrongly.
_SURROGATES: Final = re.compile("[\ud800-\udfff]")


def one_line(text: str) -> str:
    """Return the text in one line, without control characters: nothing in it can end a header."""
    return _CONTROLS.sub(" ", _SURROGATES.sub("\N{REPLACEMENT CHARACTER}", text)).strip()


def plain_lines(text: str) -> str:
    """Return a text with line feeds between its lines and without other control characters than tabs."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROLS_IN_TEXT.sub("", _SURROGATES.sub("\N{REPLACEMENT CHARACTER}", lines))


def domain_of(address: str) -> str:
    """Return the domain of an e-mail address as it stands in DNS and headers: lower case, ASCII."""
    return ascii_domain(address.rpartition("@")[2])


def ascii_domain(domain: str) -> str:
    """Return a domain in ASCII. A domain that cannot be written so is returned without what is not ASCII."""
    text = domain.strip().strip(".").lower()
    if text.isascii():
        return text
    try:
        return idna.encode(text, uts46=True).decode()
    except idna.IDNAError:
        return text.encode("ascii", "ignore").decode()


def ascii_address(address: str) -> str:
    """Return the address with its domain in ASCII. The part before the @-sign stays as it is."""
    local, at, domain = address.strip().rpartition("@")
    return f"{local}{at}{ascii_domain(domain)}" if at else address.strip()
