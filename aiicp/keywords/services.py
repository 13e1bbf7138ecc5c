"""Expand keywords: from the cache, else from the thesaurus, else by the tenant's language model."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F, Q
from django.utils import timezone

from aiicp.keywords.models import KeywordExpansion
from aiicp.keywords.thesaurus import GENERAL, MOST, related
from aiicp.model_questions import Pending, ask
from lad.errors import Invalid
from lad.llm import prompt_files
from lad.llm.messages import Usage
from lad.llm.purposes import Purpose, purposes
from lad.llm.questions import Question
from lad.llm.services import NO_MODEL
from lad.tenancy.context import platform_context, tenant_context
from lad.types import Actor

MAX_KEYWORD: Final = 200
MAX_CONTEXT: Final = 100
UNUSED_FOR: Final = timedelta(days=90)
PRUNED_AT_ONCE: Final = 5_000
MAX_WORDS: Final = 8
# What the cache calls the thesaurus, where it names the model.
THESAURUS: Final = "thesaurus"
KEYWORDS: Final = purposes.register(Purpose("aiicp.keywords", "Keyword expansion")).key
ANSWER: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {"keywords": {"type": "array", "items": {"type": "string", "maxLength": 100}, "maxItems": 50}},
    "required": ["keywords"],
}
# A keyword, not a sentence, an address or markup.
_PLAUSIBLE: Final = re.compile(r"[^\W_][\w .&+#/'’()-]{0,79}")


class Origin(StrEnum):
    """Where an expansion comes from."""

    CACHE = "cache"
    THESAURUS = "thesaurus"
    MODEL = "model"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Expansion:
    """The keywords that mean about the same as one in a context.

    ``id`` is that of the stored row, None if nothing was found. ``usage`` is what was paid for, None without a model.
    ``reason`` says why nothing was found.
    """

    keyword: str
    context: str
    keywords: tuple[str, ...]
    origin: Origin
    id: UUID | None = None
    model: str = ""
    usage_count: int = 0
    usage: Usage | None = None
    reason: str = ""


def expand(keyword: str, context: str = GENERAL, *, tenant_id: UUID, actor: Actor) -> Expansion:
    """Return the expansion of a keyword and count the look-up. What was found is kept for the tenant.

    Opens its own scopes, and is called outside of any transaction: it may ask the tenant's model. A tenant's own row
    comes before the shared one. What neither the thesaurus nor a model knows is not stored, and free.
    Raises Invalid for a keyword or context that is empty or too long.
    """
    keyword, context = _checked(keyword, context)
    known = _cached(keyword, context, tenant_id)
    if known is not None:
        return known
    if found := related(keyword, context):
        return _kept(keyword, context, found, THESAURUS, Origin.THESAURUS, tenant_id, actor)
    asked = _ask(keyword, context, tenant_id)
    if asked.value is None or asked.usage is None:
        with tenant_context(tenant_id):
            asked.settle()
        return Expansion(keyword, context, (), Origin.NOTHING, reason=asked.note or NO_MODEL)
    return _kept(keyword, context, asked.value, asked.usage.model, Origin.MODEL, tenant_id, actor, asked)


def prune(*, now: datetime | None = None) -> int:
    """Delete what nobody has looked up for 90 days, in all tenants, and return how many rows that were.

    What people wrote themselves stays: those rows name no model.
    """
    before = (now or timezone.now()) - UNUSED_FOR
    pruned = 0
    while True:
        with platform_context(), transaction.atomic():
            old = KeywordExpansion.objects.filter(last_used_at__lt=before).exclude(model="")
            keys = list(old.order_by("last_used_at").values_list("pk", flat=True)[:PRUNED_AT_ONCE])
            # One that is looked up in this moment stays.
            pruned += KeywordExpansion.objects.filter(pk__in=keys, last_used_at__lt=before).delete()[0]
        if len(keys) < PRUNED_AT_ONCE:
            return pruned


def plausible(found: Iterable[str], keyword: str) -> tuple[str, ...]:
    """Return what a model's answer holds of keywords: short phrases, each once, without the keyword itself."""
    texts = (" ".join(each.split()).lower() for each in found)
    kept = dict.fromkeys(
        each
        for each in texts
        if each != keyword and len(each.split()) <= MAX_WORDS and _PLAUSIBLE.fullmatch(each) and "www." not in each
    )
    return tuple(kept)[:MOST]


def _checked(keyword: str, context: str) -> tuple[str, str]:
    """Return both as they are stored. Raises Invalid."""
    errors = {}
    for name, text, most in (("keyword", keyword, MAX_KEYWORD), ("context", context, MAX_CONTEXT)):
        if not text.strip():
            errors[name] = ["Enter a word or a phrase."]
        elif len(text.strip()) > most:
            errors[name] = [f"Enter at most {most} characters."]
        elif not text.strip().isprintable():
            errors[name] = ["Enter one line of text."]
    if errors:
        raise Invalid(errors=errors)
    return keyword.strip().lower(), context.strip().lower()


def _cached(keyword: str, context: str, tenant_id: UUID) -> Expansion | None:
    """Return the stored expansion and count the look-up."""
    with tenant_context(tenant_id):
        rows = KeywordExpansion.objects.filter(Q(tenant=tenant_id) | Q(tenant__isnull=True))
        # The tenant's own row before the shared one.
        row = rows.filter(original_keyword=keyword, context=context).order_by(F("tenant").asc(nulls_last=True)).first()
    if row is None:
        return None
    # Shared rows are the platform's.
    with tenant_context(tenant_id) if row.tenant_id else platform_context():
        same = KeywordExpansion.objects.filter(pk=row.pk)
        same.update(usage_count=F("usage_count") + 1, last_used_at=timezone.now())
        count = same.values_list("usage_count", flat=True).first()
    if count is None:
        # Pruned in between.
        return None
    found = tuple(row.expanded_keywords)
    return Expansion(keyword, context, found, Origin.CACHE, row.pk, row.model, count)


def _kept(
    keyword: str,
    context: str,
    found: Sequence[str],
    model: str,
    origin: Origin,
    tenant_id: UUID,
    actor: Actor,
    asked: Pending[tuple[str, ...]] | None = None,
) -> Expansion:
    """Keep an expansion as the tenant's, and pay for the model that made it.

    Of two at once the first is kept, and the other counts as a look-up.
    """
    values = {"expanded_keywords": list(found), "model": model[:100]}
    with tenant_context(tenant_id, user_id=actor.pk if actor is not None else None), transaction.atomic():
        row = KeywordExpansion(tenant_id=tenant_id, original_keyword=keyword, context=context, **values)
        row.full_clean(validate_unique=False, validate_constraints=False, exclude=["tenant"])
        same = {"tenant": tenant_id, "original_keyword": keyword, "context": context}
        created = KeywordExpansion.objects.bulk_create([row], ignore_conflicts=True) and (
            KeywordExpansion.objects.filter(pk=row.pk).exists()
        )
        if not created:
            KeywordExpansion.objects.filter(**same).update(
                usage_count=F("usage_count") + 1, last_used_at=timezone.now()
            )
        stored = KeywordExpansion.objects.get(**same)
        if asked is not None:
            asked.settle()
    kept = tuple(stored.expanded_keywords)
    usage = asked.usage if asked is not None else None
    return Expansion(keyword, context, kept, origin, stored.pk, stored.model, stored.usage_count, usage)


def _ask(keyword: str, context: str, tenant_id: UUID) -> Pending[tuple[str, ...]]:
    """Return what a model knows. Inside a transaction none is asked."""
    if connection.in_atomic_block:
        return Pending()
    prompt = prompt_files.render("aiicp.keywords.expand", context=context, keyword=keyword)
    question = Question(tenant_id, KEYWORDS, prompt=prompt, schema=ANSWER, max_tokens=400)
    return ask(question, read=lambda data: plausible(data["keywords"], keyword) or None)
