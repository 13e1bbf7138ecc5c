"""Saving people as leads in the API, and where the fields of leads come from."""

from typing import Any, ClassVar, Final

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from lad import writes
from lad.api import router
from lad.api.openapi import problems
from lad.api.serializers import InputSerializer, KeyField
from lad.api.views import LadAPIView, require_tenant
from lad.tenancy.access import actor_of
from leads.companies.features import FEATURE
from leads.companies.saving.models import LeadFieldSource
from leads.companies.saving.services import MAX_PEOPLE, save_as_leads
from leads.contacts.models import Lead
from leads.contacts.services.duplicates import Duplicates
from tenants.accounts.models import User

MAX_ID: Final = 255
MAX_TAG: Final = 100
MAX_TAGS: Final = 50


class SaveSerializer(InputSerializer):
    """The people, by the directory's ids as a search returns them, and what to do with them."""

    people = serializers.ListField(
        child=serializers.CharField(max_length=MAX_ID), allow_empty=False, max_length=MAX_PEOPLE
    )
    duplicates = serializers.ChoiceField(
        choices=[(each.value, each.value) for each in Duplicates],
        default=Duplicates.SKIP.value,
        help_text="What to do with people who are leads already.",
    )
    owner = KeyField(model=User, members_only=True, required=False, allow_null=True)
    tags = serializers.ListField(child=serializers.CharField(max_length=MAX_TAG), required=False, max_length=MAX_TAGS)


class SavedResponse(serializers.Serializer):
    """How many leads were made, changed or left alone, and the leads of all these people."""

    created = serializers.IntegerField()
    updated = serializers.IntegerField()
    skipped = serializers.IntegerField()
    unknown = serializers.IntegerField()
    ids = serializers.ListField(child=serializers.UUIDField())


class SavePeopleView(LadAPIView):
    """Save people as leads."""

    area = "leads"
    feature = FEATURE
    rights: ClassVar[dict[str, str]] = {"post": "leads.create"}

    @extend_schema(
        summary="Save people of a search as leads, with what is known of them",
        request=SaveSerializer,
        responses={200: SavedResponse, **problems(400)},
    )
    @writes.in_transaction
    def post(self, request: Request) -> Response:
        require_tenant(Lead)
        form: dict[str, Any] = SaveSerializer.read(request.data)
        saved = save_as_leads(
            form["people"],
            duplicates=form["duplicates"],
            owner=form.get("owner"),
            tags=form.get("tags", ()),
            actor=actor_of(request),
        )
        return Response(SavedResponse(saved).data)


router.route("save-people/", SavePeopleView.as_view(), name="save-people")
router.register(
    LeadFieldSource,
    area="leads",
    filters=["lead", "field", "source", "is_verified", "fetched_at"],
    order=["-created_at"],
    methods=router.READ,
)
