"""Django's ``changepassword`` in a platform scope, since a shell has no current tenant."""

from typing import Any

from django.contrib.auth.management.commands import changepassword

from lad.tenancy.context import platform_context


class Command(changepassword.Command):
    def handle(self, *args: Any, **options: Any) -> str | None:
        with platform_context():
            return super().handle(*args, **options)
