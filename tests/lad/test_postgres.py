"""The database engine: a scope begins in one round trip, and remembered columns are the right ones."""

from typing import cast

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, models, transaction
from django.db.backends.postgresql.compiler import SQLCompiler as PlainCompiler
from django.test.utils import CaptureQueriesContext

from lad.postgres.base import DatabaseWrapper
from lad.tenancy.context import platform_context, tenant_context
from leads.contacts.models import Lead
from tenants.accounts.models import User
from tenants.teams.models import Tenant

MODELS = [each for each in apps.get_models() if each._meta.managed]


@pytest.mark.django_db(transaction=True)
def test_a_scope_begins_its_transaction_in_one_round_trip(tenant: Tenant) -> None:
    with CaptureQueriesContext(connection) as queries, tenant_context(tenant.pk):
        assert not Lead.objects.exists()
    first, read, commit = (query["sql"] for query in queries)
    assert first.startswith("BEGIN; SELECT set_config('role', 'lad_app', true)")
    assert read.startswith("SELECT")
    assert commit == "COMMIT"


@pytest.mark.django_db(transaction=True)
def test_a_first_statement_that_fails_leaves_no_transaction_behind() -> None:
    database = cast(DatabaseWrapper, connection)
    with pytest.raises(DatabaseError), database.beginning_with("SELECT no_such_function()", []), transaction.atomic():
        pytest.fail("The transaction began without its first statement.")
    assert not connection.in_atomic_block
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT current_user = session_user")
        assert cursor.fetchone() == (True,)


@pytest.mark.django_db(transaction=True)
def test_a_first_statement_that_was_not_sent_is_an_error_and_is_forgotten() -> None:
    database = cast(DatabaseWrapper, connection)
    with pytest.raises(RuntimeError, match="was not sent"), database.beginning_with("SELECT no_such_function()", []):
        pass
    with CaptureQueriesContext(connection) as queries, transaction.atomic():
        pass
    assert [query["sql"] for query in queries] == ["BEGIN", "COMMIT"]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_remembered_columns_are_those_that_django_compiles(model: type[models.Model]) -> None:
    field = model._meta.concrete_fields[-1]
    key = model._meta.pk.attname
    rows = model._base_manager.all()
    for queryset in (rows, rows, rows.order_by(f"-{key}"), rows.defer(field.attname), rows.annotate(one=models.F(key))):
        plain = PlainCompiler(queryset.query.chain(), connection, "default").as_sql()
        assert queryset.query.chain().get_compiler("default").as_sql() == plain


def test_columns_that_depend_on_the_scope_are_not_remembered(tenant: Tenant, owner: User) -> None:
    for _ in range(2):
        with platform_context():
            assert User.objects.get(pk=owner.pk).password
        with tenant_context(tenant.pk):
            assert User.objects.filter(pk=owner.pk).first() == owner
