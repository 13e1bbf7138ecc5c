"""A batch whose people are those of the sandbox: the workers call it, and each of them reacts in another way."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Final

import httpx2
from django.conf import settings

from billing.ledger.models import Wallet
from billing.ledger.services import ledger
from demo.campaigns.try_out import TENANT
from demo.demo_tenant import DemoTenant
from demo.voice.agents import AgentsAndNumbers
from lad.outbox.emission import quiet
from leads.channels import Channel
from leads.contactability.models import ConsentRecord, ConsentStatus
from leads.contacts.models import Lead
from voice.batches.models import CallBatch, CallBatchEntry
from voice.statuses import BatchStatus

NAME: Final = "Try LAD’s calls with the sandbox’s people"
# A few at once, so that somebody who watches the live board sees calls begin as others end.
AT_ONCE: Final = 5
# In minutes: who tries the demo does not wait for hours.
RETRY_DELAYS: Final = {"busy": [2], "no_answer": [3]}
TIMEOUT_SECONDS: Final = 10
CREDIT: Final = Decimal(50)


@dataclass(frozen=True, slots=True)
class SandboxPerson:
    """Somebody of the sandbox: name, telephone number, what they do when it rings, and their language."""

    first_name: str
    last_name: str
    phone: str
    behaviour: str
    language: str = "en"


# Bristol's numbers for fiction. The demo's other people have those of other cities.
PEOPLE: Final = tuple(
    SandboxPerson(first_name, last_name, f"+44117496{place:04}", behaviour, language)
    for place, (first_name, last_name, behaviour, language) in enumerate(
        [
            ("Anna", "Answers", "answers", "en"),
            ("Bruno", "Books", "books", "en"),
            ("Tara", "Tuesday", "tuesday", "en"),
            ("Emil", "Mail", "email", "en"),
            ("Nora", "Never", "never_again", "en"),
            ("Nils", "Nothanks", "not_interested", "en"),
            ("Hugo", "Hangup", "hangs_up", "en"),
            ("Stella", "Silent", "silent", "en"),
            ("Dora", "Declines", "declines", "en"),
            ("Berta", "Busy", "busy", "en"),
            ("Ned", "Noanswer", "no_answer", "en"),
            ("Vera", "Voicemail", "voicemail", "en"),
            ("Ivo", "Menu", "ivr", "en"),
            ("Wanda", "Wrong", "wrong_number", "en"),
            ("Dieter", "Termin", "books", "de"),
            ("Marta", "Martes", "tuesday", "es"),
            ("Julie", "Jeudi", "books", "fr"),
            ("Abdul", "Ansari", "answers", "en"),
            ("Priya", "Patel", "books", "en"),
            ("Oskar", "Olsen", "tuesday", "en"),
        ]
    )
)


def load(demo: DemoTenant, resources: AgentsAndNumbers) -> None:
    """Create the people as leads who agreed to be called, and the batch, which nobody has to start."""
    if demo.slug != TENANT:
        return
    teach()
    _fund(demo)
    made = demo.ago(minutes=2)
    batch = CallBatch.objects.create(
        **demo.created(made),
        tenant=demo.tenant,
        name=NAME,
        initiated_by_user=demo.owner,
        agent=resources.agents[0],
        status=BatchStatus.QUEUED,
        max_concurrent=AT_ONCE,
        retry_delays=RETRY_DELAYS,
        total_calls=len(PEOPLE),
        metadata={"base_context": "They are people of the sandbox, who react as their names say."},
    )
    for place, person in enumerate(PEOPLE):
        lead = _lead(demo, person)
        CallBatchEntry.objects.create(
            **demo.created(made + timedelta(milliseconds=place)),
            tenant=demo.tenant,
            batch=batch,
            lead=lead,
            to_phone=person.phone,
            metadata={"lead_name": lead.full_name, "entry_index": place},
        )


def _fund(demo: DemoTenant) -> None:
    """Give the tenant credit for the calls: each holds what half an hour would cost until its own cost is known."""
    with quiet():
        ledger.credit(
            wallet=Wallet.objects.get(tenant=demo.tenant, user=None),
            amount=CREDIT,
            key="calls_to_try",
            reference=ledger.Reference(ledger.ReferenceKind.MANUAL),
            description="To try calls with",
            actor=demo.owner,
            now=demo.now,
        )


def teach() -> None:
    """Tell the sandbox what these people do, if there is one."""
    if not settings.SANDBOX_URL:
        return
    with httpx2.Client(base_url=settings.SANDBOX_URL, timeout=TIMEOUT_SECONDS, trust_env=False) as client:
        for person in PEOPLE:
            values = {"number": person.phone, "behaviour": person.behaviour, "language": person.language}
            client.post("/voice/people", json=values).raise_for_status()


def _lead(demo: DemoTenant, person: SandboxPerson) -> Lead:
    lead = demo.write(
        Lead,
        {
            "first_name": person.first_name,
            "last_name": person.last_name,
            "phone": person.phone,
            "company_name": "People of the sandbox",
            "source": "manual",
            "tags": ["sandbox", "calls"],
            "assigned_user": demo.owner,
        },
    )
    ConsentRecord.objects.create(
        **demo.created(demo.ago(days=3)),
        tenant=demo.tenant,
        lead=lead,
        channel=Channel.VOICE,
        status=ConsentStatus.GIVEN,
        given_at=demo.ago(days=3),
        source="Form on the website: “Please call me”",
    )
    return lead
