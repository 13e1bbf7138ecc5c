"""The forms of the page that finds people."""

from typing import Any, Final

from django import forms
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget, UnfoldBooleanWidget

from leads.companies.apollo.queries import MAX_PAGE, SENIORITIES, PeopleQuery
from leads.companies.finding.extensions import NEW, AfterSaving
from leads.contacts.services.duplicates import Duplicates
from tenants.teams.models import Membership

PER_PAGE: Final = 50
MAX_WORDS: Final = 500
MAX_NAME: Final = 200
SIZES: Final = (
    ("1,10", "1–10"),
    ("11,50", "11–50"),
    ("51,200", "51–200"),
    ("201,500", "201–500"),
    ("501,1000", "501–1,000"),
    ("1001,5000", "1,001–5,000"),
    ("5001,10000", "5,001–10,000"),
    ("10001,1000000", "More than 10,000"),
)
SHORT: Final = {"vp": "VP"}
LEVELS: Final = [(each, SHORT.get(each, each.replace("_", "-").capitalize())) for each in SENIORITIES]
DUPLICATES: Final = [
    (Duplicates.SKIP.value, "Leave them as they are"),
    (Duplicates.UPDATE.value, "Fill in what is missing or better"),
    (Duplicates.CREATE.value, "Create them again"),
]
# The form's names, and the directory's.
LISTS: Final = {
    "titles": "person_titles",
    "locations": "person_locations",
    "company_locations": "organization_locations",
    "industries": "organization_industries",
    "domains": "q_organization_domains_list",
}
MAX_OWNERS: Final = 300


def _words(label: str, example: str, **options: Any) -> forms.CharField:
    widget = UnfoldAdminTextInputWidget({"placeholder": example})
    return forms.CharField(label=label, required=False, max_length=MAX_WORDS, widget=widget, **options)


class FilterForm(forms.Form):
    """Filters of people. Several words are separated by commas."""

    titles = _words("Job titles", "Head of sales, Clinic manager")
    seniorities = forms.MultipleChoiceField(
        label="Level", required=False, choices=LEVELS, widget=forms.CheckboxSelectMultiple
    )
    locations = _words("Where they live", "Dubai, Germany")
    company_locations = _words("Where the company is", "United Arab Emirates")
    industries = _words("Industry or keywords", "clinic, logistics")
    sizes = forms.MultipleChoiceField(
        label="Employees", required=False, choices=SIZES, widget=forms.CheckboxSelectMultiple
    )
    domains = _words("Companies by domain", "example.com")
    keywords = _words("Other words", "")
    hide_contacted = forms.BooleanField(
        label="Hide people who were contacted", required=False, widget=UnfoldBooleanWidget
    )
    page = forms.IntegerField(required=False, min_value=1, max_value=MAX_PAGE, widget=forms.HiddenInput)

    def query(self) -> PeopleQuery | None:
        """Return what is searched for, or None if nothing was entered. Raises BadQuery."""
        values = self.cleaned_data
        params: dict[str, Any] = {name: _split(values[field]) for field, name in LISTS.items()}
        params["person_seniorities"] = values["seniorities"]
        params["organization_num_employees_ranges"] = values["sizes"]
        params["q_keywords"] = values["keywords"]
        if not any(params.values()):
            return None
        return PeopleQuery.from_search_params({**params, "page": values["page"] or 1, "per_page": PER_PAGE})


class SaveForm(forms.Form):
    """How people are saved as leads."""

    duplicates = forms.ChoiceField(label="People who are leads already", choices=DUPLICATES)
    owner = forms.ChoiceField(
        label="Assign to", required=False, help_text="Of leads that are new, or nobody’s until now."
    )
    tags = _words("Tags", "dubai, clinics", help_text="Separated by commas.")

    def __init__(self, *args: Any, offers: list[AfterSaving], **options: Any) -> None:
        super().__init__(*args, **options)
        members = Membership.objects.select_related("user").order_by(
            "user__first_name", "user__last_name", "user__email"
        )[:MAX_OWNERS]
        owners: Any = self.fields["owner"]
        owners.choices = [
            ("", "Nobody"),
            *((str(row.user_id), row.user.full_name or row.user.email) for row in members),
        ]
        self.offers = offers
        for offer in offers:
            new = [(NEW, offer.new)] if offer.new else []
            self.fields[offer.name] = forms.ChoiceField(
                label=offer.label,
                required=False,
                choices=[("", "None"), *new, *offer.choices()],
                widget=UnfoldAdminSelectWidget,
            )
            if new:
                label = f"Name of the {offer.name}"
                self.fields[offer.naming] = forms.CharField(
                    label=label, required=False, max_length=MAX_NAME, widget=UnfoldAdminTextInputWidget
                )

    def clean(self) -> dict[str, Any]:
        """Ask for the name of what is to be made."""
        values: dict[str, Any] = super().clean() or {}
        for offer in self.offers:
            if values.get(offer.name) == NEW and not values.get(offer.naming, "").strip():
                self.add_error(offer.naming, "Enter a name.")
        return values

    def tag_list(self) -> list[str]:
        """Return the tags that were entered."""
        return _split(self.cleaned_data["tags"])


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
