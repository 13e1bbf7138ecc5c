"""Files of leads: offers, call notes, tables and pictures."""

import io
from datetime import timedelta
from typing import Final

from demo.demo_tenant import DemoTenant
from demo.leads import files
from leads.contacts.models import Lead
from leads.files.kinds import BY_EXTENSION
from leads.files.models import LeadAttachment
from leads.files.names import extension_of
from leads.files.storage import store

NUMBERS: Final = {"kestrel-analytics": 60, "brightpath-education": 45}
DEFAULT_NUMBER: Final = 14
# This many are deleted again.
DELETED: Final = 3
COLOURS: Final = ((14, 116, 144), (109, 40, 217), (180, 83, 9), (21, 128, 61))
BUSINESS: Final = {"Offer": 4, "Call notes": 4, "Requirements": 2, "Prices": 2, "Screenshot": 1}
SCHOOL: Final = {"Transcript of records": 3, "Call notes": 3, "Personal statement": 3, "Grades": 2, "Passport photo": 1}


def load(demo: DemoTenant) -> None:
    """Attach files to some of the tenant's leads."""
    leads = list(Lead.objects.select_related("assigned_user").order_by("created_at"))
    if not leads:
        return
    number = NUMBERS.get(demo.slug, DEFAULT_NUMBER)
    titles = demo.spread(SCHOOL if demo.tenant.metadata.get("vertical") == "education" else BUSINESS, number)
    rows = [_attach(demo, demo.random.choice(leads), title) for title in titles]
    LeadAttachment.objects.bulk_create(rows)
    LeadAttachment.objects.filter(pk__in=[row.pk for row in rows[:DELETED]]).delete()


def _attach(demo: DemoTenant, lead: Lead, title: str) -> LeadAttachment:
    extension, content = _content(demo, lead, title)
    name = f"{title} {lead.full_name}.{extension}"
    kind = BY_EXTENSION[extension_of(name)]
    created = demo.created(demo.between(lead.created_at, demo.now - timedelta(minutes=5)))
    key = store.key_of(tenant_id=demo.tenant.pk, lead_id=lead.pk, attachment_id=created["id"], kind=kind)
    file = io.BytesIO(content)
    digest = store.digest(file)
    store.put(key, file)
    return LeadAttachment(
        **created,
        tenant=demo.tenant,
        lead=lead,
        file_url=key,
        file_name=name,
        file_type=kind.media_type,
        file_size=digest.size,
        checksum=digest.checksum,
        uploaded_by_user=lead.assigned_user or demo.owner,
    )


def _content(demo: DemoTenant, lead: Lead, title: str) -> tuple[str, bytes]:
    heading = [
        f"For {lead.full_name}",
        lead.company_name or lead.location,
        f"{demo.tenant.name}, {demo.now:%d %B %Y}",
    ]
    if title in ("Screenshot", "Passport photo"):
        return "png", files.png(160, 120, demo.random.choice(COLOURS))
    if title in ("Prices", "Grades"):
        rows = [[f"Position {n}", str(demo.random.randint(40, 99))] for n in range(1, 9)]
        return "csv", files.csv([["item", "value"], *rows])
    if title == "Call notes":
        return "txt", files.txt(
            [*heading, "", "Spoke for ten minutes. Interested, wants numbers by Friday.", "Ring back."]
        )
    return "pdf", files.pdf(title, [*heading, "", "We are glad to send you what we spoke about.", "Kind regards"])
