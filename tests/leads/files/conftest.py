"""A lead with files, in one tenant of two."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from lad.celery import app
from lad.tenancy.context import platform_context
from leads.contacts.models import Lead
from leads.files.models import LeadAttachment
from leads.files.storage import store
from tenants.teams.models import PlanTier, Tenant
from tests.factories.leads import LeadFactory
from tests.factories.tenants import TenantFactory
from tests.leads.files.contents import PDF

URL = "/api/v1/lead-attachments/"


@pytest.fixture(autouse=True)
def _own_directory(settings: Any, tmp_path: Any) -> None:
    settings.STORAGES = {
        **settings.STORAGES,
        "attachments": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path / "attachments"), "file_permissions_mode": 0o600},
        },
    }


@pytest.fixture
def tenant(db: None) -> Tenant:
    with platform_context():
        return TenantFactory.create(name="Acme Outreach", slug="acme-outreach", plan_tier=PlanTier.ENTERPRISE)


@pytest.fixture
def other_tenant(db: None) -> Tenant:
    with platform_context():
        return TenantFactory.create(name="Borealis Sales", slug="borealis-sales", plan_tier=PlanTier.ENTERPRISE)


def _lead(tenant: Tenant) -> Lead:
    with platform_context(tenant_id=tenant.pk):
        return LeadFactory.create(assigned_user=None)


@pytest.fixture
def lead(tenant: Tenant) -> Lead:
    return _lead(tenant)


@pytest.fixture
def other_lead(other_tenant: Tenant) -> Lead:
    return _lead(other_tenant)


@pytest.fixture
def upload(api: Any, lead: Lead) -> Callable[..., Any]:
    """``upload(user, name, content)`` puts a file on the lead, as a browser would send it."""

    def send(user: Any, name: str = "offer.pdf", content: bytes = PDF, *, to: Any = None, **headers: Any) -> Any:
        file = SimpleUploadedFile("replaced", content)
        # As it stands in the request: the class makes names safe by itself.
        file._name = name  # type: ignore[attr-defined]
        target = to or lead
        return api(user).post(URL, {"lead": str(target.pk), "file": file}, format="multipart", **headers)

    return send


@pytest.fixture
def attached(upload: Any, member: Any) -> dict[str, Any]:
    """A file on the lead, as the API shows it."""
    response = upload(member)
    assert response.status_code == 201, response.content
    shown: dict[str, Any] = response.json()
    return shown


def row_of(shown: dict[str, Any]) -> LeadAttachment:
    with platform_context():
        return LeadAttachment.all_objects.get(pk=shown["id"])


def body_of(response: Any) -> bytes:
    """What a download holds."""
    return b"".join(response.streaming_content)


def stored() -> list[str]:
    """Every object in the storage."""
    return sorted(store.keys())


@pytest.fixture
def celery_app_eager() -> Iterator[None]:
    """Tasks run where they are sent."""
    app.conf.task_always_eager = True
    yield
    app.conf.task_always_eager = False
