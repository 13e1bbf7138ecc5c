"""Offer the import of a file above the list of leads."""

from django.contrib.admin.options import ModelAdmin
from django.http import HttpRequest, HttpResponse
from unfold.decorators import action

from aiicp.lead_files.jobs import FEATURE, RIGHT
from leads.contacts import extensions


@action(description="Import", url_path="import", icon="upload", permissions=["import_file"])
def import_file(model_admin: ModelAdmin, request: HttpRequest) -> HttpResponse:
    # Imported late: forms and pages load when the first of them is asked for.
    from aiicp.lead_files.admin.importing import import_page

    return import_page(model_admin, request)


extensions.add_list_action(import_file, rank=10, rights=(RIGHT,), feature=FEATURE)
