"""The URLs of the project."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("api/", include("lad.api.urls")),
    # Named, not imported: the pages belong to a layer above.
    path("", include("campaigns.channels.email.receiving.public.urls")),
]

handler400 = "lad.api.errors.bad_request"
handler403 = "lad.api.errors.permission_denied"
handler404 = "lad.api.errors.page_not_found"
handler500 = "lad.api.errors.server_error"
