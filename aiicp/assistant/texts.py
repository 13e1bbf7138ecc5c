"""What the embedded assistant says, in four languages: ``data/texts.tsv``. ``aiicp.assistant.wording`` joins it."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Final

DATA: Final = files("aiicp.assistant").joinpath("data")
LANGUAGES: Final = ("en", "de", "es", "fr")
# Options in the order in which they are numbered. Their values are those of the slot.
OPTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "outreach_type": ("outbound", "inbound"),
    "target_knowledge": ("known", "discovery"),
    "inbound_sources": ("website", "whatsapp", "ads", "crm", "webhook"),
    "inbound_data_ready": ("yes", "no"),
    "company_size": ("smb", "mid-market", "enterprise"),
    "deal_type": ("one-time", "subscription", "annual contract", "project"),
    "confirmation": ("confirm", "change"),
}


def text(language: str, key: str) -> str:
    """Return a text, in English where the language has none; an empty one where there is no such text."""
    in_languages = _texts().get(key, ())
    place = LANGUAGES.index(language) if language in LANGUAGES else 0
    return (in_languages[place] or in_languages[0]) if in_languages else ""


def rows(name: str) -> list[list[str]]:
    """Return the rows of a data file, without comments."""
    lines = DATA.joinpath(f"{name}.tsv").read_text(encoding="utf-8").splitlines()
    return [line.split("\t") for line in lines if line and not line.startswith("#")]


@cache
def _texts() -> dict[str, tuple[str, ...]]:
    return {key: (*texts, *[""] * (len(LANGUAGES) - len(texts))) for key, *texts in rows("texts")}
