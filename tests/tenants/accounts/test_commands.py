"""What an operator does from a shell."""

from unittest import mock

from django.core.management import call_command

from lad.tenancy.context import platform_context
from tenants.accounts.models import User


def test_an_operator_gives_a_user_a_new_password(superuser):
    with mock.patch("getpass.getpass", return_value="a brand new passphrase"):
        call_command("changepassword", superuser.email, verbosity=0)
    with platform_context():
        assert User.objects.get(pk=superuser.pk).check_password("a brand new passphrase")
