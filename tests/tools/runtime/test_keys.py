"""The file of secrets."""

from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from tools.runtime.keys import KeyFile
from tools.runtime.problems import RuntimeProblem


def test_secrets_are_made_once_and_only_their_owner_reads_them(tmp_path: Path) -> None:
    path = tmp_path / "secrets.env"
    made = KeyFile(path).ensure()
    assert path.stat().st_mode & 0o777 == 0o600
    assert KeyFile(path).ensure() == made
    Fernet(made["FIELD_ENCRYPTION_KEYS"])
    assert len(made["SECRET_KEY"]) >= 50


def test_a_secret_the_owner_put_there_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "secrets.env"
    path.write_text("# mine\nSECRET_KEY=chosen=by me\n")
    assert KeyFile(path).ensure()["SECRET_KEY"] == "chosen=by me"
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_line_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    path = tmp_path / "secrets.env"
    path.write_text("SECRET_KEY=x\nnonsense\n")
    with pytest.raises(RuntimeProblem, match=r"Line 2 of .*secrets\.env"):
        KeyFile(path)
