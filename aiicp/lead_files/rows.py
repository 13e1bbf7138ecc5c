"""Read the cells of a row as a lead, and say which of them cannot be used and why."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote, unquote, urlsplit

from django.core.exceptions import ValidationError

from aiicp.lead_files.columns import BY_KEY, IDENTIFYING, NEEDED
from aiicp.lead_files.mapping import CUSTOM, MappedColumn
from lad import emails, phones
from leads.channels import Channel
from leads.contacts.services.leads import domain_of

NOBODY: Final = "The row names nobody: give a name, an e-mail address, a phone number, a company or a LinkedIn page."
MAX_CUSTOM: Final = 500
MAX_CUSTOM_NAME: Final = 100
MAX_EXCERPT: Final = 100
MAX_CUSTOM_FIELDS: Final = 50

_PLAIN_EMAIL: Final = re.compile(r"[a-z0-9][a-z0-9._+-]{0,62}[a-z0-9]@(?:[a-z0-9]+(?:-[a-z0-9]+)*\.){1,5}[a-z]{2,24}")
_ADDRESS_WITH_NAME: Final = re.compile(r"^[^<]*<\s*([^<>\s@]+@[^<>\s@]+)\s*>\s*$")
_LINKEDIN_PERSON: Final = re.compile(r"/(in|pub)/([^/]+)/?", re.IGNORECASE)
_LINKEDIN_HANDLE: Final = re.compile(r"@?[\w%-]{3,100}")
_LINKEDIN_WANTED: Final = "Write it as in https://www.linkedin.com/in/maya-haddad."
# What files write where they have nothing.
_EMPTY: Final = frozenset(("-", "--", "n/a", "na", "none", "null", "nan", "#n/a", "unknown", "k.a.", "s/d", "?", "."))
_NO_ADDRESS: Final = frozenset(("noemail@domain.com", "none@none.com", "no@email.com", "test@test.com"))


@dataclass(frozen=True, slots=True)
class Issue:
    """A cell that cannot be used: the row's number in the file, the column, what was written, and what to do."""

    row: int
    column: str
    heading: str
    value: str
    problem: str


@dataclass(frozen=True, slots=True)
class CheckedRow:
    """A row as it can be stored: values by column, without those that are not valid.

    ``custom`` has the columns that are kept under their own headings.
    """

    number: int
    values: Mapping[str, str]
    custom: Mapping[str, str] = field(default_factory=dict)
    issues: tuple[Issue, ...] = ()

    @property
    def is_somebody(self) -> bool:
        """Return whether the row can become a lead."""
        return any(self.values.get(key) for key in IDENTIFYING)

    def reachable_on(self, platform: str) -> bool:
        """Return whether the row has what the channel needs. Only a number that may be a mobile one is on WhatsApp."""
        if platform == Channel.WHATSAPP:
            number = self.values.get("phone", "")
            return bool(self.values.get("whatsapp")) or (bool(number) and phones.may_be_mobile(number))
        return any(self.values.get(key) for key in NEEDED[platform])


def cells_of(
    rows: Iterable[tuple[int, Sequence[str]]], columns: Sequence[MappedColumn]
) -> Iterator[tuple[int, dict[str, str], dict[str, str]]]:
    """Yield each row's number, its texts by column, and those that are kept under their own headings."""
    used = [each for each in columns if each.key in BY_KEY]
    kept = [each for each in columns if each.key == CUSTOM][:MAX_CUSTOM_FIELDS]
    names = {each.place: each.heading[:MAX_CUSTOM_NAME] or f"Column {each.place + 1}" for each in kept}
    for number, cells in rows:
        width = len(cells)
        texts = {each.key: cells[each.place] for each in used if each.place < width and cells[each.place]}
        custom = {
            names[each.place]: cells[each.place][:MAX_CUSTOM]
            for each in kept
            if each.place < width and cells[each.place]
        }
        yield number, texts, custom


def check_row(
    number: int,
    texts: Mapping[str, str],
    custom: Mapping[str, str] | None = None,
    *,
    country: str,
    headings: Mapping[str, str] | None = None,
) -> CheckedRow:
    """Return the row as it can be stored, with what is wrong with it. Numbers are read in the country."""
    values: dict[str, str] = {}
    issues = []
    for key, text in texts.items():
        written = " ".join(text.split()) if key != "notes" else text.strip()
        if not written or written.casefold() in _EMPTY:
            continue
        try:
            values[key] = _READERS[key](written, country) if key in _READERS else _text(key, written)
        except ValidationError as error:
            heading = (headings or {}).get(key) or BY_KEY[key].label
            issues.append(Issue(number, key, heading, written[:MAX_EXCERPT], " ".join(error.messages)))
    _split_name(values)
    row = CheckedRow(number, {key: value for key, value in values.items() if value}, custom or {}, tuple(issues))
    if row.is_somebody:
        return row
    nobody = Issue(number, "", "", "", NOBODY)
    return CheckedRow(number, row.values, row.custom, (*row.issues, nobody))


def linkedin_page(text: str) -> str:
    """Return a person's LinkedIn page in one form, ``https://www.linkedin.com/in/maya``. Raises ValidationError."""
    if "linkedin.com" not in text.lower():
        if _LINKEDIN_HANDLE.fullmatch(text) and not text.isdecimal():
            return _page("in", text.lstrip("@"))
        raise ValidationError(f"“{text[:MAX_EXCERPT]}” is no LinkedIn page. {_LINKEDIN_WANTED}")
    try:
        parts = urlsplit(text if "://" in text else f"https://{text.removeprefix('//')}")
        host = (parts.hostname or "").lower()
    except ValueError:
        host = ""
    if host != "linkedin.com" and not host.endswith(".linkedin.com"):
        raise ValidationError(f"“{text[:MAX_EXCERPT]}” is no page of LinkedIn. {_LINKEDIN_WANTED}")
    person = _LINKEDIN_PERSON.match(parts.path)
    if person is None:
        raise ValidationError(f"“{text[:MAX_EXCERPT]}” is not the page of a person. {_LINKEDIN_WANTED}")
    return _page(person[1].lower(), person[2])


def _page(kind: str, name: str) -> str:
    return f"https://www.linkedin.com/{kind}/{quote(unquote(name).lower())}"


def _text(key: str, text: str) -> str:
    most = BY_KEY[key].max_length
    if len(text) > most:
        raise ValidationError(f"It has {len(text):,} characters; {most:,} are possible. Shorten it.")
    return text


def _email(text: str, _country: str) -> str:
    named = _ADDRESS_WITH_NAME.fullmatch(text)
    written = (named[1] if named else text).removeprefix("mailto:").strip()
    plain = written.lower()
    if plain in _NO_ADDRESS:
        return ""
    if _PLAIN_EMAIL.fullmatch(plain) and ".." not in plain and "xn--" not in plain:
        return plain
    return emails.normalise(written, any_script=True)


def _phone(text: str, country: str) -> str:
    written = text.removeprefix("'")
    return phones.normalise(written, "" if phones.is_international(written) else country)


def _domain(text: str, _country: str) -> str:
    found = domain_of(text)
    if "." not in found or " " in found:
        raise ValidationError(f"“{text[:MAX_EXCERPT]}” is no website. Write it as in acme.example.")
    return _text("company_domain", found)


def _linkedin(text: str, _country: str) -> str:
    return linkedin_page(text)


def _split_name(values: dict[str, str]) -> None:
    """Take the first and the last name from the full one, where they are not given."""
    full = values.pop("full_name", "")
    if not full or values.get("first_name") or values.get("last_name"):
        return
    last, comma, first = full.partition(",")
    if comma and first.strip():
        values["first_name"], values["last_name"] = first.strip(), last.strip()
        return
    first, _space, last = full.partition(" ")
    values["first_name"], values["last_name"] = first, last


_READERS: Final[Mapping[str, Callable[[str, str], str]]] = {
    "email": _email,
    "phone": _phone,
    "whatsapp": _phone,
    "linkedin_url": _linkedin,
    "company_domain": _domain,
}
