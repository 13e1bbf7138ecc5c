"""Files on leads: offers, notes of calls, tables and pictures, as they gather on a deal."""

import io
from datetime import timedelta
from typing import Final

from demo.company import DemoCompany
from demo.leads import files
from leads.contacts.models import Lead
from leads.files.kinds import BY_EXTENSION
from leads.files.models import LeadAttachment
from leads.files.names import extension_of
from leads.files.storage import store

NUMBERS: Final = {"kestrel-analytics": 60, "brightpath-education": 45}
FEW: Final = 14
# Some were put there by mistake and taken away again.
DELETED: Final = 3
COLOURS: Final = ((14, 116, 144), (109, 40, 217), (180, 83, 9), (21, 128, 61))
BUSINESS: Final = {"Offer": 4, "Call notes": 4, "Requirements": 2, "Prices": 2, "Screenshot": 1}
SCHOOL: Final = {"Transcript of records": 3, "Call notes": 3, "Personal statement": 3, "Grades": 2, "Passport photo": 1}


def load(company: DemoCompany) -> None:
    """Put files on some of the company's leads and keep them in the storage."""
    leads = list(Lead.objects.select_related("assigned_user").order_by("created_at"))
    if not leads:
        return
    number = NUMBERS.get(company.slug, FEW)
    titles = company.spread(SCHOOL if company.tenant.metadata.get("vertical") == "education" else BUSINESS, number)
    rows = [_attach(company, company.random.choice(leads), title) for title in titles]
    LeadAttachment.objects.bulk_create(rows)
    LeadAttachment.objects.filter(pk__in=[row.pk for row in rows[:DELETED]]).delete()


def _attach(company: DemoCompany, lead: Lead, title: str) -> LeadAttachment:
    extension, content = _content(company, lead, title)
    name = f"{title} {lead.full_name}.{extension}"
    kind = BY_EXTENSION[extension_of(name)]
    born = company.born(company.between(lead.created_at, company.now - timedelta(minutes=5)))
    key = store.key_of(tenant_id=company.tenant.pk, lead_id=lead.pk, attachment_id=born["id"], kind=kind)
    file = io.BytesIO(content)
    measured = store.measure(file)
    store.put(key, file)
    return LeadAttachment(
        **born,
        tenant=company.tenant,
        lead=lead,
        file_url=key,
        file_name=name,
        file_type=kind.media_type,
        file_size=measured.size,
        checksum=measured.checksum,
        uploaded_by_user=lead.assigned_user or company.owner,
    )


def _content(company: DemoCompany, lead: Lead, title: str) -> tuple[str, bytes]:
    who = [
        f"For {lead.full_name}",
        lead.company_name or lead.location,
        f"{company.tenant.name}, {company.now:%d %B %Y}",
    ]
    if title in ("Screenshot", "Passport photo"):
        return "png", files.png(160, 120, company.random.choice(COLOURS))
    if title in ("Prices", "Grades"):
        rows = [[f"Position {n}", str(company.random.randint(40, 99))] for n in range(1, 9)]
        return "csv", files.csv([["what", "value"], *rows])
    if title == "Call notes":
        return "txt", files.txt([*who, "", "Spoke for ten minutes. Interested, wants numbers by Friday.", "Ring back."])
    return "pdf", files.pdf(title, [*who, "", "We are glad to send you what we spoke about.", "Kind regards"])
