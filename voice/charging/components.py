"""What a call uses: what one is expected to use before it is placed, and what it used in the end.

Each component is sold under the provider and the model that the carrier names, if the price list has these, and else
under the carrier's own name. A tenant with a carrier account of its own pays the carrier itself, and pays LAD only
what the price list names for ``<carrier>_own_account``.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from typing import Any, Final

from billing import money
from billing.pricing.models import PriceCategory
from billing.pricing.services.quoting import MAX_AMOUNT, UsageItem
from billing.units import PriceUnit
from voice.calls.models import CallLog
from voice.carriers.models import CarrierAccount
from voice.carriers.outcomes import Outcome
from voice.carriers.protocol import Usage
from voice.dialer.facts import usage_of

STANDARD: Final = "standard"
OWN_ACCOUNT: Final = "{}_own_account"
NOBODY: Final = "unknown"
ZERO: Final = Decimal(0)
# A call that nobody has held yet. Longer ones are charged as they were, in whole.
EXPECTED_SECONDS: Final = 300
# What a conversation uses in a second: the agent speaks half of the time, and its model reads all of it each turn.
CHARACTERS_A_SECOND: Final = Decimal(8)
PROMPT_TOKENS_A_SECOND: Final = Decimal(60)
COMPLETION_TOKENS_A_SECOND: Final = Decimal(3)


@dataclass(frozen=True, slots=True)
class Component:
    """One part of a call, as the price list knows it. ``a_second`` is what a second of talk is expected to use.

    ``timed`` components run as long as the talk: where the carrier does not say how much was used, it is that.
    """

    category: PriceCategory
    unit: PriceUnit
    a_second: Decimal
    timed: bool = False


TELEPHONY: Final = Component(PriceCategory.TELEPHONY, PriceUnit.SECOND, Decimal(1), timed=True)
HEARING: Final = Component(PriceCategory.STT, PriceUnit.SECOND, Decimal(1), timed=True)
READING: Final = Component(PriceCategory.LLM_PROMPT, PriceUnit.TOKEN, PROMPT_TOKENS_A_SECOND)
WRITING: Final = Component(PriceCategory.LLM_COMPLETION, PriceUnit.TOKEN, COMPLETION_TOKENS_A_SECOND)
SPEAKING: Final = Component(PriceCategory.TTS, PriceUnit.CHARACTER, CHARACTERS_A_SECOND)
MACHINE: Final = Component(PriceCategory.VM_INFRASTRUCTURE, PriceUnit.SECOND, Decimal(1), timed=True)
COMPONENTS: Final = (TELEPHONY, HEARING, READING, WRITING, SPEAKING, MACHINE)

# The carriers' words for a component and its unit.
WORDS: Final[Mapping[tuple[str, str], Component]] = {
    ("telephony", "seconds"): TELEPHONY,
    ("stt", "seconds"): HEARING,
    ("llm", "prompt_tokens"): READING,
    ("llm", "completion_tokens"): WRITING,
    ("tts", "characters"): SPEAKING,
    ("machine", "seconds"): MACHINE,
}


@dataclass(frozen=True, slots=True)
class Payee:
    """Who carries a call, and whether the tenant pays them itself."""

    carrier: str = NOBODY
    own: bool = False
    telephony: str = ""

    @property
    def provider(self) -> str:
        return OWN_ACCOUNT.format(self.carrier) if self.own else self.carrier


@dataclass(frozen=True, slots=True)
class Use:
    """A quantity of one component, and the providers and models that it may be sold under, the first priced one first.

    ``quantity`` is None where nobody said how much was used. ``provider`` and ``model`` are the carrier's words.
    """

    component: Component
    quantity: Decimal | None
    sold_as: tuple[tuple[str, str], ...]
    provider: str = ""
    model: str = ""

    @property
    def items(self) -> list[UsageItem]:
        """Return the use under each of its names."""
        quantity = self.quantity or ZERO
        kind = self.component
        return [UsageItem(kind.category, provider, model, kind.unit, quantity) for provider, model in self.sold_as]


def payee_of(account: CarrierAccount | None, telephony: str = "") -> Payee:
    """Return who is paid for calls through an account. ``telephony`` is the provider of the number that calls."""
    if account is None:
        return Payee(telephony=telephony)
    return Payee(account.carrier, account.tenant_id is not None, telephony)


def expected(payee: Payee, seconds: int) -> list[Use]:
    """Return what a call of so many seconds is expected to use."""
    return [
        Use(each, each.a_second * min(seconds, EXPECTED_SECONDS), _names(payee, each, "", "")) for each in COMPONENTS
    ]


def used(call: CallLog, facts: Mapping[str, Any], payee: Payee) -> list[Use]:
    """Return what a call that is over used: nothing if nobody answered, or if the agent failed the person who did.

    The carrier's figures go first. Time that it does not tell is the talk time; nothing else is guessed.
    """
    seconds = Decimal(call.duration_seconds)
    if not seconds or call.outcome == Outcome.AGENT_FAILED:
        return []
    told: dict[Component, list[Usage]] = {}
    for usage in usage_of(facts):
        if (component := WORDS.get((usage.component, usage.unit))) is not None:
            told.setdefault(component, []).append(usage)
    return [use for each in COMPONENTS for use in _used(each, told.get(each, ()), seconds, payee)]


def tells_usage(facts: Mapping[str, Any]) -> bool:
    """Return whether the carrier said what the call used."""
    return any((each.component, each.unit) in WORDS for each in usage_of(facts))


def _used(component: Component, told: Sequence[Usage], seconds: Decimal, payee: Payee) -> Iterator[Use]:
    for each in told:
        quantity = min(each.amount, MAX_AMOUNT).quantize(money.MICRO, ROUND_CEILING)
        names = _names(payee, component, each.provider, each.model)
        yield Use(component, quantity, names, each.provider, each.model)
    if not told:
        yield Use(component, seconds if component.timed else None, _names(payee, component, "", ""))


def _names(payee: Payee, component: Component, provider: str, model: str) -> tuple[tuple[str, str], ...]:
    standard = (payee.provider, STANDARD)
    if payee.own:
        return (standard,)
    if component is TELEPHONY and not provider:
        provider = payee.telephony
    # Longer names are in no price list.
    named = (provider.lower()[:50], model[:255] or STANDARD)
    return (named, standard) if provider and named != standard else (standard,)
