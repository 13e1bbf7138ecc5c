"""Numbers and ranges in texts, and what they count: employees, revenue, funding, years, people to find."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from aiicp.extraction import number_patterns as patterns
from aiicp.extraction.folding import flatten
from aiicp.extraction.slots import Range


class Found(NamedTuple):
    """One number or range: the thing it counts, and its place in the text."""

    slot: str
    value: Range | int
    start: int
    end: int
    confidence: float


@dataclass(slots=True)
class _Number:
    amount: float
    start: int
    end: int
    currency: str = ""
    multiplied: bool = False
    plus: bool = False
    most: float | None = None


def find_numbers(text: str, *, language: str) -> list[Found]:
    """Return the counts of a text, in order. Numbers that count something else, such as days, are left out."""
    flat = flatten(text)
    numbers = _ranges(flat, [_read(each, language) for each in patterns.NUMBER.finditer(flat)])
    found: list[Found] = []
    for number in numbers:
        before, after = _context(flat, number)
        if patterns.BEFORE_NOT_A_COUNT.search(before) or patterns.NOT_A_COUNT.match(after):
            continue
        if (each := _meaning(number, before, after, flat)) is not None:
            found.append(each)
    return found


def _context(flat: str, number: _Number) -> tuple[str, str]:
    before = flat[max(0, number.start - 60) : number.start]
    before = patterns.ABBREVIATED.sub(r"\1 ", before)
    # What is in the sentence or line before says nothing about the number.
    for stop in ("\n", ". ", "; ", "! ", "? "):
        before = before[before.rfind(stop) + len(stop) :] if stop in before else before
    return before, flat[number.end : number.end + 45].split("\n")[0]


def _read(found: re.Match[str], language: str) -> _Number:
    if word := found["word"]:
        return _Number(patterns.WORDS[word], found.start(), found.end())
    digits = patterns.THOUSANDS.sub("", found["digits"])
    amount = float(digits.replace(",", "."))
    multiplier = found["multiplier"] or ""
    amount *= _factor(multiplier, language)
    sign = (found["currency"] or found["after"] or "").strip()
    start = found.start() if sign and found["currency"] else found.start("digits")
    end = found.end()
    while end > start and found.string[end - 1].isspace():
        end -= 1
    return _Number(amount, start, end, patterns.SIGN.get(sign, sign.upper()), bool(multiplier), bool(found["plus"]))


def _factor(multiplier: str, language: str) -> int:
    if multiplier == "mil":
        return 1_000 if language == "es" else 1_000_000
    return patterns.FACTORS.get(multiplier, 1_000_000) if multiplier else 1


def _ranges(flat: str, numbers: list[_Number]) -> Iterator[_Number]:
    """Join two numbers with a word or a dash between them to a range."""
    place = 0
    while place < len(numbers):
        one = numbers[place]
        other = numbers[place + 1] if place + 1 < len(numbers) else None
        if other and not one.plus and (joined := _joined(flat, one, other)):
            yield joined
            place += 2
        else:
            yield one
            place += 1


def _joined(flat: str, one: _Number, other: _Number) -> _Number | None:
    link = flat[one.end : other.start]
    if len(link) > 12:
        return None
    bare = patterns.AFTER_EMPLOYEES.sub("", link, count=1) if link.strip() not in {"a", "y"} else link
    if not patterns.JOIN.fullmatch(bare) and not patterns.JOIN.fullmatch(link):
        return None
    before = flat[max(0, one.start - 14) : one.start]
    if link.strip() in patterns.PAIR and not patterns.BETWEEN.search(before):
        return None
    least = one.amount
    if other.multiplied and not one.multiplied and least < other.amount:
        # "$1-5M" and "10-50k" say the multiplier once.
        scale = next(each for each in patterns.SCALES if other.amount >= each)
        least = least * scale if least * scale <= other.amount else least
    if least > other.amount:
        return None
    currency = one.currency or other.currency
    return _Number(least, one.start, other.end, currency, one.multiplied or other.multiplied, other.plus, other.amount)


def _meaning(number: _Number, before: str, after: str, flat: str) -> Found | None:
    has_ends = number.most is not None
    value = _bounded(number, before, after)
    bounded = has_ends or value.least != value.most
    sentence = _sentence(flat, number)
    is_money = bool(number.currency) or number.multiplied
    if patterns.FOUNDED.search(before) and int(number.amount) in patterns.YEARS and not is_money:
        return _found("founded", _since(number, value, before), number, 0.9)
    if patterns.AFTER_REVENUE.match(after) or (is_money and patterns.BEFORE_REVENUE.search(before)):
        return _found("revenue", value, number, 0.9)
    if is_money and patterns.FUNDING.search(sentence):
        return _found("funding", value, number, 0.9)
    if _wants_people(number, before, after, bounded=bounded):
        return _found("limit", int(number.amount), number, 0.9)
    if patterns.AFTER_EMPLOYEES.match(after) and not number.currency:
        return _found("employees", value, number, 0.95)
    if patterns.BEFORE_EMPLOYEES.search(before) and not number.currency:
        return _found("employees", value, number, 0.85)
    if number.currency and (number.multiplied or number.amount >= 100_000):
        return _found("revenue", value, number, 0.6)
    return _bare(number, value, before, after, bounded=bounded)


def _bare(number: _Number, value: Range, before: str, after: str, *, bounded: bool) -> Found | None:
    """Return the meaning of a number without a noun: a range counts employees, a single one people to find."""
    is_year = int(number.amount) in patterns.YEARS and int(number.most or number.amount) in patterns.YEARS
    if number.currency or number.amount >= patterns.MOST_BARE or (is_year and (number.most or not bounded)):
        return None
    if bounded and (number.most or number.amount) >= 10 and not _counts_something(after):
        return _found("employees", value, number, 0.6)
    ends = not after.strip()[:1].isalpha() or patterns.ENDS.match(after) is not None
    if ends and number.amount >= patterns.LEAST_BARE and patterns.FIND.search(before):
        return _found("limit", int(number.amount), number, 0.7)
    return None


def _counts_something(after: str) -> bool:
    """Return whether a noun follows that the number counts: "5-30 lawyers"."""
    word = patterns.NOUN.match(after)
    return word is not None and word.group(1) not in patterns.FUNCTION_WORDS


def _wants_people(number: _Number, before: str, after: str, *, bounded: bool) -> bool:
    """Return whether the number says how many people or companies to find."""
    if number.most is not None or number.currency or number.amount < 1:
        return False
    seeks = patterns.FIND.search(before) is not None or patterns.SEEK.search(before) is not None
    if patterns.PERSONS.match(after):
        sized = patterns.SIZED.search(before) or patterns.COMPANY.search(before[-25:])
        wished = not bounded or patterns.SEEK.search(before) or patterns.ABOUT.search(before)
        return bool(wished) and not sized
    if patterns.AFTER_EMPLOYEES.match(after):
        return False
    if patterns.AFTER_PEOPLE.match(after):
        return seeks or not patterns.ALREADY.search(before)
    follows = patterns.NOUN.match(after) is not None and number.amount >= patterns.LEAST_WANTED
    return not bounded and follows and bool(patterns.SEEK.search(before)) and not patterns.COMPANY.search(before)


def _bounded(number: _Number, before: str, after: str) -> Range:
    low = int(number.amount)
    if number.most is not None:
        return Range(low, None if number.plus else int(number.most), number.currency)
    counted = patterns.AFTER_EMPLOYEES.match(after) or patterns.AFTER_REVENUE.match(after)
    rest = after[counted.end() :] if counted else after
    if refused := patterns.NOTHING.search(before):
        least, most = (low, None) if refused["under"] else (None, low)
        return Range(least, most, number.currency)
    more = number.plus or patterns.AND_MORE.match(after) or patterns.AND_MORE.match(rest)
    from_here = patterns.LEAST.search(before) and not patterns.MOST.search(before)
    if more or from_here or patterns.NOT_LESS.search(before):
        return Range(low, None, number.currency)
    if patterns.MOST.search(before) or patterns.OR_LESS.match(after) or patterns.OR_LESS.match(rest):
        return Range(None, low, number.currency)
    if patterns.ABOUT.search(before):
        return Range(low - low // patterns.ABOUT_SHARE, low + low // patterns.ABOUT_SHARE, number.currency)
    return Range(low, low, number.currency)


def _since(number: _Number, value: Range, before: str) -> Range:
    """Return the years of "founded since 2015", which begin with it, or of "founded in 2015"."""
    if number.most is None and patterns.SINCE.search(before):
        return Range(int(number.amount), None)
    return Range(value.least, value.most)


def _sentence(flat: str, number: _Number) -> str:
    start = max(flat.rfind(stop, max(0, number.start - 80), number.start) for stop in ("\n", ". ", ";", ", "))
    ends = [end for stop in ("\n", ". ", ";", ", ") if (end := flat.find(stop, number.end, number.end + 60)) >= 0]
    return flat[max(start, number.start - 80, 0) : min([*ends, number.end + 60])]


def _found(slot: str, value: Range | int, number: _Number, confidence: float) -> Found:
    return Found(slot, value, number.start, number.end, confidence)
