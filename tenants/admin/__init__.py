"""The tenants domain in the admin."""

from django.contrib import admin

from lad.adminsite.history import history_from
from lad.adminsite.switcher import choices_from
from tenants.admin import dashboard, events, features, invitations, memberships, operations, outbox, tenancy, users
from tenants.admin.passwords import OwnPasswordForm
from tenants.admin.switching import tenants_of
from tenants.audit import history

__all__ = ["dashboard", "events", "features", "invitations", "memberships", "operations", "outbox", "tenancy", "users"]

admin.site.password_change_form = OwnPasswordForm
history_from(history)
choices_from(tenants_of)
