"""The form that changes a price, and its preview: what the last month would have cost."""

from decimal import Decimal
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from billing.formatting import amount
from billing.pricing.models import TIERED, Price, PriceScheme
from billing.pricing.services import prices, quoting, repricing
from billing.pricing.services.prices import PriceTerms
from lad import moments
from lad.admin.actions import Change, Preview
from lad.errors import Invalid
from lad.times import written

MAX_TENANTS_SHOWN: Final = 10


class NewPriceForm(forms.Form):
    """Asks for the new terms and their start."""

    scheme = forms.ChoiceField(choices=PriceScheme.choices, required=False)
    unit_price = forms.DecimalField(
        max_digits=18,
        decimal_places=10,
        min_value=0,
        required=False,
        help_text="Per unit or per package. Not needed with tiers.",
    )
    package_size = forms.DecimalField(max_digits=18, decimal_places=6, required=False, help_text="Units per package.")
    tiers = forms.JSONField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text='For graduated and volume prices: [{"up_to": "1000", "unit_price": "0.02", "flat_fee": "1"}, '
        '{"up_to": null, "unit_price": "0.01"}].',
    )
    effective_from = forms.DateTimeField(required=False, validators=[moments.validate], help_text="Empty: now.")

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

    def _terms(self, values: dict[str, Any]) -> PriceTerms | None:
        scheme = values.get("scheme") or self.price.scheme
        if values.get("unit_price") is None and scheme not in TIERED:
            self.add_error("unit_price", "Give the new price.")
            return None
        size = values.get("package_size")
        terms = PriceTerms(values.get("unit_price") or Decimal(0), scheme, size, values.get("tiers") or [])
        try:
            prices.check_terms(terms)
        except Invalid as error:
            for name, texts in error.errors.items():
                self.add_error(name if name in self.fields else None, [ValidationError(text) for text in texts])
        return terms


def new_price_form(row: Price) -> type[forms.Form]:
    """Return the form for this price."""
    return type("NewPriceForm", (NewPriceForm,), {"price": row})


def preview_price_change(row: Price, values: dict[str, Any]) -> Preview:
    """Preview what the last month's usage would have cost at the new terms, in total and by tenant."""
    terms: PriceTerms = values["terms"]
    prices.resolve_start(price=row, effective_from=values["effective_from"], now=timezone.now())
    effect = repricing.effect_of(price=row, terms=terms, now=timezone.now())
    since = values["effective_from"]
    changes = [Change("Price", row.formatted_price, terms.trial(row).formatted_price)]
    if effect.tenants:
        changes.append(Change("All usage of the last 30 days", _formatted(effect.before), _formatted(effect.after)))
    changes += [
        Change(f"{each.tenant}, {each.uses:,} uses", _formatted(each.before), _formatted(each.after))
        for each in effect.tenants[:MAX_TENANTS_SHOWN]
    ]
    facts = [
        ("Starts", written(since) if since else "now"),
        ("Priced again", f"{effect.uses:,} uses from {effect.since:%Y-%m-%d} to {effect.until:%Y-%m-%d}"),
    ]
    if len(effect.tenants) > MAX_TENANTS_SHOWN:
        facts.append(("Further tenants", str(len(effect.tenants) - MAX_TENANTS_SHOWN)))
    warnings = [
        f"{tenant}: only the newest {repricing.MAX_EVENTS_PER_TENANT:,} uses are included." for tenant in effect.partial
    ]
    return Preview(facts=facts, changes=changes, warnings=warnings)


def _formatted(value: Decimal) -> str:
    return amount(value, quoting.LIST_CURRENCY)
