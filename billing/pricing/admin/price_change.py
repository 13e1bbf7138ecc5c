"""Changing a price: the form, and what the last month would have cost, shown before it is done."""

from decimal import Decimal
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from billing.formatting import amount
from billing.pricing.models import TIERED, Price, PriceScheme
from billing.pricing.services import prices, repricing
from billing.pricing.services import quoting as pricing
from billing.pricing.services.prices import Terms
from lad.admin.actions import Look, Move
from lad.errors import Invalid

# So many tenants are shown one by one.
MOST_SHOWN: Final = 10


class NewPriceForm(forms.Form):
    """Asks for the new price and when it begins."""

    scheme = forms.ChoiceField(choices=PriceScheme.choices, required=False)
    unit_price = forms.DecimalField(
        max_digits=18,
        decimal_places=10,
        min_value=0,
        required=False,
        help_text="Of one unit, or of one package. Not needed with tiers.",
    )
    package_size = forms.DecimalField(
        max_digits=18, decimal_places=6, required=False, help_text="How many units a package holds."
    )
    tiers = forms.JSONField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text='Of a graduated or volume price: [{"up_to": "1000", "unit_price": "0.02", "flat_fee": "1"}, '
        '{"up_to": null, "unit_price": "0.01"}].',
    )
    effective_from = forms.DateTimeField(required=False, help_text="UTC, as 2030-01-31 08:00. Empty: from now on.")

    price: Price

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("scheme", "package_size", "tiers"):
            self.fields[name].initial = getattr(self.price, name) or None

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if not self.errors:
            values["terms"] = self._terms(values)
        return values

    def _terms(self, values: dict[str, Any]) -> Terms | None:
        scheme = values.get("scheme") or self.price.scheme
        if values.get("unit_price") is None and scheme not in TIERED:
            self.add_error("unit_price", "Say what it costs from then on.")
            return None
        size = values.get("package_size")
        terms = Terms(values.get("unit_price") or Decimal(0), scheme, size, values.get("tiers") or [])
        try:
            prices.check_terms(terms)
        except Invalid as error:
            for name, texts in error.errors.items():
                self.add_error(name if name in self.fields else None, [ValidationError(text) for text in texts])
        return terms


def new_price_form(row: Price) -> type[forms.Form]:
    """The form for this price."""
    return type("NewPriceForm", (NewPriceForm,), {"price": row})


def look_at_change(row: Price, values: dict[str, Any]) -> Look:
    """What the last month's use would have cost at the new terms, overall and by tenant."""
    terms: Terms = values["terms"]
    prices.begin_of(price=row, effective_from=values["effective_from"], now=timezone.now())
    effect = repricing.effect_of(price=row, terms=terms, now=timezone.now())
    since = values["effective_from"]
    moves = [Move("Price", row.shown_price, terms.trial(row).shown_price)]
    if effect.tenants:
        moves.append(Move("All use of the last 30 days", _listed(effect.before), _listed(effect.after)))
    moves += [
        Move(f"{each.tenant}, {each.uses:,} uses", _listed(each.before), _listed(each.after))
        for each in effect.tenants[:MOST_SHOWN]
    ]
    facts = [
        ("Begins", f"{since:%Y-%m-%d %H:%M} UTC" if since else "now"),
        ("Priced again", f"{effect.uses:,} uses from {effect.since:%Y-%m-%d} to {effect.until:%Y-%m-%d}"),
    ]
    if len(effect.tenants) > MOST_SHOWN:
        facts.append(("Further tenants", str(len(effect.tenants) - MOST_SHOWN)))
    warnings = [
        f"Of {tenant} only the newest {repricing.MOST_EVENTS:,} uses were looked at." for tenant in effect.partial
    ]
    return Look(facts=facts, moves=moves, warnings=warnings)


def _listed(value: Decimal) -> str:
    return amount(value, pricing.LIST_CURRENCY)
