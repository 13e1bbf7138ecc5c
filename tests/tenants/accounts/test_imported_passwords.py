"""Hashes that other systems made sign in; a hash in an unknown form is an ordinary wrong password."""

import time
from statistics import median

import bcrypt
import pytest
from django.contrib.auth.hashers import ScryptPasswordHasher, make_password

from lad import settings as lad_settings
from lad.tenancy.context import platform_context
from tenants.accounts.hashers import check_stored
from tenants.accounts.models import User
from tests.support.api import problem
from tests.support.database import stored
from tests.tenants.helpers import NEW_PASSWORD, PASSWORD, sign_in


@pytest.fixture(autouse=True)
def _hashers_of_production(settings, monkeypatch):
    settings.PASSWORD_HASHERS = lad_settings.PASSWORD_HASHERS
    # Cheaper than in production, for speed.
    monkeypatch.setattr(ScryptPasswordHasher, "work_factor", 2**11)


def bcrypt_hash(password=PASSWORD, prefix="2b"):
    made = bcrypt.hashpw(password.encode()[:72], bcrypt.gensalt(4)).decode()
    return made.replace("$2b$", f"${prefix}$", 1)


def store(user, value):
    with platform_context():
        User.objects.filter(pk=user.pk).update(password=value)


BCRYPT_FORMS = {
    "plain": bcrypt_hash,
    "of PHP": lambda: bcrypt_hash(prefix="2y"),
    "old": lambda: bcrypt_hash(prefix="2a"),
    "of Django": lambda: f"bcrypt${bcrypt_hash()}",
    "with the algorithm": lambda: f"bcrypt{bcrypt_hash()}",
    "hashed before": lambda: make_password(PASSWORD, hasher="bcrypt_sha256"),
}


@pytest.mark.parametrize("form", BCRYPT_FORMS)
def test_an_imported_bcrypt_hash_signs_in_and_is_made_anew(owner, api, form):
    store(owner, BCRYPT_FORMS[form]())
    assert problem(sign_in(api, owner.email, "wrong")) == (401, "wrong_credentials")
    assert sign_in(api, owner.email).status_code == 200
    assert stored(owner).password.startswith("scrypt$")
    assert sign_in(api, owner.email).status_code == 200


def test_a_password_longer_than_bcrypt_reads_signs_in_too(owner, api):
    password = "long enough to be cut off, " * 5
    store(owner, bcrypt_hash(password))
    assert problem(sign_in(api, owner.email, "é" * 200)) == (401, "wrong_credentials")
    assert sign_in(api, owner.email, password).status_code == 200


UNKNOWN = {
    "no hash": None,
    "empty": "",
    "no password": "!unusable",
    "plain text": PASSWORD,
    "of another system": "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$aGFzaA",
    "of the shadow file": "$6$salt$hash",
    "broken bcrypt": "$2b$12$tooshort",
    "bcrypt of a day": f"$2b$31${'a' * 53}",
    "bcrypt with a sign": f"bcrypt$$2b$04${'ä' * 53}",
    "broken scrypt": "scrypt$garbage",
    "scrypt of text": "scrypt$one$salt$two$three$hash",
    "broken pbkdf2": "pbkdf2_sha256$many$salt$hash",
    "broken bcrypt_sha256": "bcrypt_sha256$nothing",
}


@pytest.mark.parametrize("form", UNKNOWN)
def test_an_unknown_hash_is_an_ordinary_wrong_password(owner, api, form):
    store(owner, UNKNOWN[form])
    assert problem(sign_in(api, owner.email)) == (401, "wrong_credentials")
    page = api().post("/admin/login/", {"username": owner.email, "password": PASSWORD}, format="multipart")
    assert page.status_code == 200


@pytest.mark.parametrize("form", UNKNOWN)
def test_an_unknown_hash_takes_one_hash_to_refuse(form, monkeypatch):
    hashed = []
    encode = ScryptPasswordHasher.encode

    def count(self, *args):
        hashed.append(args)
        return encode(self, *args)

    monkeypatch.setattr(ScryptPasswordHasher, "encode", count)
    assert check_stored("wrong", UNKNOWN[form]) == (False, False)
    assert len(hashed) == 1


def test_an_unknown_hash_takes_as_long_to_refuse_as_a_known_one():
    known = make_password(PASSWORD)

    def seconds(value):
        started = time.process_time()
        check_stored("wrong", value)
        return time.process_time() - started

    rounds = [(seconds(known), seconds(UNKNOWN["broken bcrypt"])) for _ in range(5)]
    usual, unknown = median(each[0] for each in rounds), median(each[1] for each in rounds)
    assert usual / 2 < unknown < usual * 2


def test_an_imported_hash_counts_as_the_current_password(owner, api):
    session = sign_in(api, owner.email).json()
    store(owner, bcrypt_hash())
    body = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    bearer = {"Authorization": f"Bearer {session['access_token']}"}
    assert api().post("/api/v1/auth/password/change/", body, format="json", headers=bearer).status_code == 204
    assert sign_in(api, owner.email, NEW_PASSWORD).status_code == 200
