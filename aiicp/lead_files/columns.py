"""The columns of a lead file: what each holds, where it is stored, and how other files name it."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from leads.channels import Channel


@dataclass(frozen=True, slots=True)
class Column:
    """One column. ``stored`` is the field of the lead, or empty for one that is kept elsewhere.

    ``synonyms`` are the headings of other files in English, German, Spanish and French.
    """

    key: str
    label: str
    example: str
    description: str
    synonyms: str
    stored: str = ""
    platform: str = ""
    max_length: int = 255
    in_template: bool = True


COLUMNS: Final[tuple[Column, ...]] = (
    Column(
        "first_name",
        "First name",
        "Maya",
        "The given name.",
        "first name|firstname|given name|forename|fname|vorname|rufname|nombre|nombre de pila|primer nombre|prénom"
        "|prenom|contact first name",
        "first_name",
    ),
    Column(
        "last_name",
        "Last name",
        "Haddad",
        "The family name.",
        "last name|lastname|surname|family name|lname|nachname|familienname|zuname|apellido|apellidos"
        "|nom de famille|nom|contact last name",
        "last_name",
    ),
    Column(
        "email",
        "E-mail",
        "maya.haddad@acme.example",
        "The address to write to. Upper and lower case do not matter.",
        "email|e-mail|mail|email address|e-mail address|work email|business email|primary email|contact email"
        "|e-mail-adresse|emailadresse|mailadresse|e-mail adresse|correo|correo electrónico|correo electronico"
        "|dirección de correo|courriel|adresse e-mail|adresse email|adresse mail|adresse électronique|mel",
        "email",
        Channel.EMAIL,
    ),
    Column(
        "phone",
        "Phone",
        "+971 4 123 4567",
        "With its country code, or as it is dialled in your country.",
        "phone|phone number|telephone|telephone number|tel|tel no|tel.|work phone|direct phone|office phone|landline"
        "|mobile|mobile phone|mobile number|cell|cell phone|cellphone|telefon|telefonnummer|rufnummer|handy"
        "|handynummer|mobil|mobilnummer|mobiltelefon|festnetz|teléfono|telefono|número de teléfono|móvil|movil"
        "|celular|téléphone|telephone portable|portable|numéro de téléphone|n° de téléphone"
        "|nº de teléfono|tél|gsm|corporate phone|contact number",
        "phone",
        Channel.VOICE,
        50,
    ),
    Column(
        "whatsapp",
        "WhatsApp",
        "+971 50 123 4567",
        "The number on WhatsApp, if it is not the one under Phone.",
        "whatsapp|whatsapp number|whats app|wa number|whatsapp phone|whatsapp-nummer|whatsappnummer"
        "|número de whatsapp|numéro whatsapp|numero whatsapp",
        "",
        Channel.WHATSAPP,
        50,
    ),
    Column(
        "linkedin_url",
        "LinkedIn",
        "https://www.linkedin.com/in/maya-haddad",
        "The address of the person's page.",
        "linkedin|linkedin url|linkedin profile|linkedin profile url|person linkedin url|profile url|linkedin link"
        "|linkedin-profil|linkedin profil|perfil de linkedin|profil linkedin|contact linkedin",
        "linkedin_url",
        Channel.LINKEDIN,
        500,
    ),
    Column(
        "title",
        "Job title",
        "Head of Procurement",
        "What the person does there.",
        "title|job title|position|role|job|job position|designation|function|berufsbezeichnung|funktion|stelle"
        "|jobtitel|cargo|puesto|rol|función|poste|fonction|intitulé du poste|titre",
        "title",
    ),
    Column(
        "company_name",
        "Company",
        "Acme Clinics",
        "The name of the company.",
        "company|company name|organization|organisation|organization name|account|account name|employer|business"
        "|business name|firma|firmenname|unternehmen|unternehmensname|arbeitgeber|empresa|nombre de la empresa"
        "|compañía|razón social|organización|entreprise|société|nom de l'entreprise|nom de la société|raison sociale",
        "company_name",
        "",
        500,
    ),
    Column(
        "company_domain",
        "Website",
        "acme.example",
        "The company's website or domain.",
        "website|web site|web|url|domain|company domain|company website|homepage|webseite|website url|internetseite"
        "|domäne|sitio web|página web|pagina web|dominio|site web|site internet|site|domaine",
        "company_domain",
    ),
    Column(
        "industry",
        "Industry",
        "Hospital & health care",
        "The company's industry.",
        "industry|sector|vertical|branche|industrie|wirtschaftszweig|industria|rubro|secteur"
        "|secteur d'activité|industrie / branche",
        "",
        "",
        200,
    ),
    Column(
        "company_size",
        "Employees",
        "51-200",
        "How many people work there: a number or a range.",
        "company size|employees|number of employees|# employees|headcount|employee count|size|no of employees"
        "|mitarbeiter|mitarbeiterzahl|anzahl mitarbeiter|firmengröße|unternehmensgröße|empleados"
        "|número de empleados|tamaño|effectif|effectifs|nombre d'employés|nombre de salariés|taille",
        "",
        "",
        200,
    ),
    Column(
        "city",
        "City",
        "Dubai",
        "Where the person works.",
        "city|town|location|stadt|ort|standort|wohnort|ciudad|localidad|ubicación|ville|lieu|localité|person location",
        "location",
        "",
        200,
    ),
    Column(
        "country",
        "Country",
        "United Arab Emirates",
        "The country in which the person works.",
        "country|country/region|country code|nation|land|staat|país|pais|pays",
        "location",
        "",
        200,
    ),
    Column(
        "notes",
        "Notes",
        "Met at the trade fair.",
        "Anything else. It becomes the description of the lead.",
        "notes|note|comment|comments|remarks|description|notiz|notizen|bemerkung|bemerkungen|kommentar|anmerkung"
        "|notas|nota|comentario|comentarios|observaciones|remarque|remarques|commentaire|commentaires",
        "description",
        "",
        20_000,
    ),
    # Not in the template, but in many files.
    Column(
        "full_name",
        "Full name",
        "Maya Haddad",
        "First and last name together. It is used where those are not given.",
        "name|full name|fullname|contact|contact name|person|lead|lead name|vollständiger name|ansprechpartner|kontakt"
        "|kontaktname|nombre completo|nombre y apellidos|contacto|nom complet|nom et prénom|prénom et nom",
        in_template=False,
    ),
)
BY_KEY: Final[Mapping[str, Column]] = {column.key: column for column in COLUMNS}
TEMPLATE: Final = tuple(column for column in COLUMNS if column.in_template)
# A row needs one of them, or nobody knows who it is.
IDENTIFYING: Final = (
    "first_name",
    "last_name",
    "full_name",
    "email",
    "phone",
    "company_name",
    "company_domain",
    "linkedin_url",
)

# The channels of a campaign that a file can serve, in the order in which they are shown.
PLATFORMS: Final[Mapping[str, str]] = {
    Channel.LINKEDIN: "LinkedIn",
    Channel.EMAIL: "E-mail",
    Channel.WHATSAPP: "WhatsApp",
    Channel.VOICE: "Phone",
}
# What a person needs to be reached there.
NEEDED: Final[Mapping[str, tuple[str, ...]]] = {
    Channel.LINKEDIN: ("linkedin_url",),
    Channel.EMAIL: ("email",),
    Channel.WHATSAPP: ("whatsapp", "phone"),
    Channel.VOICE: ("phone",),
}


def folded(heading: str) -> str:
    """Return a heading without case, accents, punctuation and doubled spaces: ``E-Mail`` is ``e mail``."""
    plain = unicodedata.normalize("NFKD", heading.casefold())
    letters = "".join(
        each if each.isalnum() else " " for each in plain if not unicodedata.combining(each) or each.isalnum()
    )
    return " ".join(letters.split())


@cache
def by_heading() -> dict[str, str]:
    """Return the key of the column for every known heading."""
    found: dict[str, str] = {}
    for column in COLUMNS:
        for name in (column.key, column.label, *column.synonyms.split("|")):
            for heading in (folded(name), folded(name).replace(" ", "")):
                found.setdefault(heading, column.key)
    return found
