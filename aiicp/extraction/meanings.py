"""Choose one meaning for each name by its neighbours: an industry or a department, a tool or a word."""

from collections.abc import Sequence
from typing import Final

from aiicp.extraction import roles
from aiicp.extraction.folding import word_set
from aiicp.extraction.mentions import Mention, Reading
from aiicp.extraction.slots import Slots
from aiicp.extraction.vocabulary import Entry

# Which meaning a name has when nothing around it decides.
_ORDER: Final = (
    "linkedin_urls",
    "companies",
    "countries",
    "regions",
    "cities",
    "titles",
    "industries",
    "technologies",
    "funding_stages",
    "seniorities",
    "company_size",
    "goals",
    "platforms",
    "keywords",
    "target_knowledge",
    "outreach_type",
    "deal_type",
    "inbound_sources",
    "departments",
)
_NOT_ENGLISH: Final = word_set("mode formation presse conseil praxis bau edition moda ropa salud santé mines")
_PRODUCTS: Final = word_set(
    "software tool tools system systems platform app solution solutions stack equipment budget budgets savvy"
)
_COMPANIES: Final = word_set(
    "companies company vendors vendor firms firm startups startup businesses providers "
    "business maker makers sector industry space"
)
_CHANNEL_WORDS: Final = word_set(
    "via by on through over per using use with send uber por par sur channel channels "
    "first outreach and or only then email linkedin whatsapp phone + & both عبر mit und y et plus campaign sequence "
    "sequences"
)
_CHANNEL_AFTER: Final = word_set(
    "outreach campaign campaigns sequence sequences first only and or then message messages + steps channel channels"
)
_NEEDS_CHANNEL_CONTEXT: Final = frozenset({"email", "voice"})
_SINGLE_HEADS: Final = frozenset(
    {"head", "exec", "partner", "graduate", "principal", "doctor", "executive", "president"}
)


def choose(reading: Reading, mentions: list[Mention], previous: Slots) -> list[tuple[Entry, Mention]]:
    """Return the meanings of the mentions. A mention without one is left out, decision makers have several."""
    chosen: list[tuple[Entry, Mention]] = []
    inbound = previous.outreach_type == "inbound" or any(
        entry.value == "inbound" for mention in mentions for entry in mention.entries
    )
    for place, mention in enumerate(mentions):
        fitting = [entry for entry in mention.entries if _fits(reading, mentions, place, entry, inbound=inbound)]
        if not fitting:
            continue
        slot = _slot(reading, mentions, place, fitting)
        meant = [entry for entry in fitting if entry.slot == slot]
        # A few names stand for several values; of all others the first meaning counts.
        chosen.extend((entry, mention) for entry in (meant if slot in {"seniorities"} else meant[:1]))
        if slot == "industries":
            # "Shopify stores" are shops, and use Shopify.
            chosen.extend((entry, mention) for entry in fitting if entry.slot == "technologies")
    return chosen


def _slot(reading: Reading, mentions: Sequence[Mention], place: int, entries: Sequence[Entry]) -> str:
    slots = {entry.slot for entry in entries}
    if slots >= {"industries", "departments"} and roles.is_department(reading, mentions[place], mentions, place):
        return "departments" if not roles.alone(reading, mentions) else "industries"
    return next(slot for slot in _ORDER if slot in slots)


def _fits(reading: Reading, mentions: Sequence[Mention], place: int, entry: Entry, *, inbound: bool) -> bool:
    mention = mentions[place]
    tokens = reading.tokens[mention.start : mention.stop]
    form = tokens[0].form if len(tokens) == 1 else ""
    if form in roles.CAPITALS_ONLY and (reading.shouts or not tokens[0].text.rstrip("s").isupper()):
        return False
    if entry.slot == "departments":
        return roles.is_department(reading, mention, mentions, place)
    if entry.slot == "industries":
        return _is_industry(reading, mention, form) and not (form in {"shop", "shops"} and _after_tool(mentions, place))
    if entry.slot == "titles" and mention.start and reading.tokens[mention.start - 1].form in {"our", "my"}:
        return False
    if entry.slot == "technologies":
        return "w" not in entry.flags or (tokens[0].capitalised and _is_used(reading, mention))
    if entry.slot == "inbound_sources":
        return inbound
    if entry.slot == "platforms":
        return entry.value not in _NEEDS_CHANNEL_CONTEXT or _is_channel(reading, mentions, place)
    if entry.slot in {"seniorities", "titles"} and form in _SINGLE_HEADS and entry.slot == "seniorities":
        return form not in {"head", "partner"}
    if entry.slot == "company_size":
        return _next(reading, mention) not in {"software", "sales", "edition", "plan", "grade", "deals"}
    return True


def _is_industry(reading: Reading, mention: Mention, form: str) -> bool:
    following = _next(reading, mention)
    if form in _NOT_ENGLISH and reading.language == "en":
        return False
    before = reading.tokens[mention.start - 1].form if mention.start else ""
    if form == "techs" or (form == "software" and following in {"for", "fur", "para", "pour"}):
        return False
    if form == "media" and before == "social":
        return False
    if form in {"store", "stores", "shop"} and before in {"app", "play"}:
        return False
    if form in {"tech", "technology", "software", "security", "data"} and following in {
        "stack",
        "savvy",
        "budget",
        "team",
        "teams",
    }:
        return False
    if (
        form in {"tech", "technology", "software"}
        and before in {"the", "our", "their", "about"}
        and following not in _COMPANIES
    ):
        return False
    if following in _PRODUCTS and following != "software":
        return False
    if following == "software":
        after = reading.tokens[mention.stop + 1].form if mention.stop + 1 < len(reading.tokens) else ""
        return after in _COMPANIES and form in {"saas"}
    if form in {"software", "saas"} and reading.cue_ends_at("use", mention.start):
        return False
    return not (form == "agency" and before == "your")


def _after_tool(mentions: Sequence[Mention], place: int) -> bool:
    before = mentions[place - 1] if place else None
    return before is not None and before.stop == mentions[place].start and before.entries[0].slot == "technologies"


def _is_used(reading: Reading, mention: Mention) -> bool:
    if _next(reading, mention) in {"developer", "developers", "engineers", "users", "customers", "shops", "partners"}:
        return True
    return any(reading.cue_ends_at("use", place) for place in range(max(0, mention.start - 3), mention.start + 1))


def _is_channel(reading: Reading, mentions: Sequence[Mention], place: int) -> bool:
    mention = mentions[place]
    if len(reading.tokens) - (mention.stop - mention.start) <= 2:
        return True
    before = [token.form for token in reading.tokens[max(0, mention.start - 2) : mention.start]]
    after = _next(reading, mention)
    if after in {"address", "addresses", "adresse", "adressen"}:
        return False
    if mention.stop - mention.start > 1 or after in _CHANNEL_AFTER:
        return True
    others = [each for each in (place - 1, place + 1) if 0 <= each < len(mentions)]
    listed = any(
        any(entry.slot == "platforms" for entry in mentions[each].entries)
        and abs(mentions[each].start - mention.start) <= 3
        for each in others
    )
    return listed or bool(before and before[-1] in _CHANNEL_WORDS)


def _next(reading: Reading, mention: Mention) -> str:
    if mention.stop < len(reading.tokens) and reading.tokens[mention.stop].linked:
        return reading.tokens[mention.stop].form
    return ""
