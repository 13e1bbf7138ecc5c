"""The form of a customer profile: an ideal customer as chips and numbers."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any, ClassVar, Final

from django import forms
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from aiicp import json_schemas
from aiicp.extraction.slots import COMPANY_SIZES, Range, Slots, placed
from aiicp.extraction.vocabulary import values_of
from aiicp.profiles.content import CRITERION_LABELS, LISTS, USUAL_WEIGHTS, weights_of
from lad.admin.chips import ChipsField
from lad.admin.forms import LadModelForm
from lad.labels import in_words

# Lists of the form, by the name of their field. Their known values are offered.
CHIPS: Final = ("titles", "departments", "seniorities", "industries", "locations", "keywords", "technologies")
EXCLUDED: Final = tuple(f"excluded_{name}" for name in (*CHIPS, "companies"))
OTHER_CHIPS: Final = ("companies", "funding_stages")
PLACES: Final = ("countries", "regions")
RANGES: Final = ("employees", "revenue")
ENDS: Final = tuple(f"{name}_{end}" for name in RANGES for end in ("least", "most"))
WEIGHTS: Final = tuple(f"weight_{name}" for name in json_schemas.CRITERIA)
SIZE_LABELS: Final = {
    "smb": "Small: up to 200",
    "mid-market": "Medium: 201 to 1,000",
    "enterprise": "Large: over 1,000",
}
EMPTY: Final = "Say at least one thing about the ideal customer: a role, an industry, a place, a size or a keyword."


@cache
def known_values(name: str) -> list[tuple[str, str]]:
    """Return the values that a list offers, as choices."""
    kind = name.removeprefix("excluded_")
    found = [each for slot in (PLACES if kind == "locations" else (kind,)) for each in values_of(slot)]
    return [(each, in_words(each) if kind in {"seniorities", "funding_stages"} else each) for each in found]


def _chips(name: str) -> ChipsField:
    return ChipsField(
        label=LISTS[name],
        choices=known_values(name),
        max_items=json_schemas.MAX_ITEMS,
        max_item_length=json_schemas.MAX_ITEM_LENGTH,
    )


def _number(label: str, most: int | None = None) -> forms.IntegerField:
    return forms.IntegerField(
        label=label, required=False, min_value=0, max_value=most, widget=UnfoldAdminIntegerFieldWidget
    )


class CriteriaForm(LadModelForm):
    """Composes the ideal customer, the search and the weights of what is entered. Keeps what it does not show."""

    company_size = forms.ChoiceField(
        choices=[("", "Any"), *((key, SIZE_LABELS[key]) for key in COMPANY_SIZES)],
        required=False,
        label="Company size",
        widget=UnfoldAdminSelectWidget,
    )
    employees_least = _number("Employees from")
    employees_most = _number("Employees to")
    revenue_least = _number("Revenue from")
    revenue_most = _number("Revenue to")
    problem_statement = forms.CharField(
        required=False, max_length=5_000, label="Problem you solve", widget=UnfoldAdminTextareaWidget({"rows": 3})
    )
    parts: ClassVar[frozenset[str]] = frozenset(
        {*CHIPS, *OTHER_CHIPS, *EXCLUDED, *ENDS, "company_size", "problem_statement"}
    )

    def shown_values(self) -> dict[str, Any]:
        slots = Slots.from_icp_data(self.instance.icp_data)
        shown: dict[str, Any] = {name: list(_listed(slots, name)) for name in (*CHIPS, *OTHER_CHIPS, *EXCLUDED)}
        for name in RANGES:
            span = getattr(slots, name) or Range()
            shown |= {f"{name}_least": span.least, f"{name}_most": span.most}
        weights = weights_of(self.instance.weights)
        shown |= {f"weight_{name}": weight for name, weight in weights.items()}
        return {**shown, "company_size": slots.company_size, "problem_statement": slots.problem_statement}

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean() or {}
        for name in RANGES:
            least, most = cleaned.get(f"{name}_least"), cleaned.get(f"{name}_most")
            if least is not None and most is not None and least > most:
                self.add_error(f"{name}_most", "The end of the range must not be smaller than its beginning.")
        if not self.errors and not self._slots(cleaned).to_icp_data():
            self.add_error(None, EMPTY)
        return cleaned

    def values(self) -> dict[str, Any]:
        """Return the entered columns. The search follows from the ideal customer."""
        values, cleaned = super().values(), self.cleaned_data
        if not self.exists or self.parts.intersection(self.changed_data):
            slots = self._slots(cleaned)
            values |= {"icp_data": slots.to_icp_data(), "search_params": slots.to_search_params() or None}
        if any(name in self.changed_data for name in WEIGHTS):
            weights = {name: cleaned[f"weight_{name}"] for name in json_schemas.CRITERIA}
            # What is the usual weight is left out, so that it stays the usual one.
            values["weights"] = {
                name: weight for name, weight in weights.items() if weight not in (None, USUAL_WEIGHTS[name])
            }
        return values

    def _slots(self, cleaned: Mapping[str, Any]) -> Slots:
        slots = Slots.from_icp_data(self.original.icp_data if self.exists else {})
        values: dict[str, Any] = {}
        for name in (*CHIPS, *OTHER_CHIPS, *EXCLUDED):
            prefix = "excluded_" if name.startswith("excluded_") else ""
            chosen = tuple(cleaned.get(name, ()))
            if name.removeprefix(prefix) == "locations":
                values |= {f"{prefix}{slot}": found for slot, found in placed(chosen).items()}
            else:
                values[name] = chosen
        for name in RANGES:
            before = getattr(slots, name)
            least, most = cleaned.get(f"{name}_least"), cleaned.get(f"{name}_most")
            span = Range(least, most, before.currency if before else "")
            values[name] = None if least is None and most is None else span
        values |= {name: cleaned.get(name) or "" for name in ("company_size", "problem_statement")}
        return replace(slots, **values)


def _listed(slots: Slots, name: str) -> tuple[str, ...]:
    prefix = "excluded_" if name.startswith("excluded_") else ""
    if name.removeprefix(prefix) != "locations":
        found: tuple[str, ...] = getattr(slots, name)
        return found
    return tuple(each for slot in ("cities", "regions", "countries") for each in getattr(slots, f"{prefix}{slot}"))


def _weight(name: str) -> forms.IntegerField:
    field = _number(CRITERION_LABELS[name], 100)
    field.initial = USUAL_WEIGHTS[name]
    return field


ProfileForm: Final[type[CriteriaForm]] = type(
    "ProfileForm",
    (CriteriaForm,),
    {
        **{name: _chips(name) for name in (*CHIPS, *OTHER_CHIPS, *EXCLUDED)},
        **{f"weight_{name}": _weight(name) for name in json_schemas.CRITERIA},
    },
)

# What the page shows, in groups.
GROUPS: Final[list[Any]] = [
    (None, {"fields": ["name", "description", "is_active"]}),
    ("Who", {"fields": ["titles", "departments", "seniorities"]}),
    (
        "Which companies",
        {
            "fields": [
                "industries",
                "locations",
                ("company_size", "employees_least", "employees_most"),
                ("revenue_least", "revenue_most"),
                "keywords",
                "technologies",
                "funding_stages",
                "companies",
                "problem_statement",
            ]
        },
    ),
    ("Whom to leave out", {"fields": list(EXCLUDED), "classes": ["collapse"]}),
    (
        "Weights of the score",
        {
            "fields": [WEIGHTS[:4], WEIGHTS[4:]],
            "description": "What a match is worth beside the others, from 0 to 100. Criteria that the profile says"
            " nothing about do not count.",
            "classes": ["collapse"],
        },
    ),
]
