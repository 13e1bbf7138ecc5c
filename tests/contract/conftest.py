"""One world per module inside one transaction; each test works in a savepoint of it."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction

from tests.contract import world as worlds
from tests.contract.pages import sign_everybody_in


@pytest.fixture(scope="module")
def _world(django_db_setup: None, django_db_blocker: Any) -> Iterator[worlds.World]:
    with django_db_blocker.unblock(), transaction.atomic():
        world = worlds.build()
        sign_everybody_in(world)
        yield world
        transaction.set_rollback(True)


@pytest.fixture
def world(_world: worlds.World) -> Iterator[worlds.World]:
    """Acme, Borealis, their people, a superuser and an outsider; whatever the test does to them is undone."""
    with transaction.atomic():
        yield _world
        transaction.set_rollback(True)
