"""The generated TypeScript client compiles, signs in to a running LAD and reads from it."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from tests.factories.tenants import PASSWORD

CLIENT = Path(settings.BASE_DIR) / "clients" / "typescript"
OLDEST_NODE = 20


def _node_version() -> int:
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return 0
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    return int(version.strip().removeprefix("v").partition(".")[0])


pytestmark = pytest.mark.skipif(_node_version() < OLDEST_NODE, reason=f"needs Node {OLDEST_NODE} or newer, and npm")


def npm(*arguments: str, **environment: str) -> str:
    done = subprocess.run(
        ["npm", *arguments],
        cwd=CLIENT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert done.returncode == 0, f"npm {' '.join(arguments)}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def built() -> None:
    installed, lock = CLIENT / "node_modules" / ".package-lock.json", CLIENT / "package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
        npm("ci", "--no-progress")
    npm("run", "--silent", "build")


@pytest.mark.django_db(transaction=True)
def test_the_client_compiles_signs_in_and_lists_the_memberships(
    built: None, live_server: Any, owner: Any, viewer: Any
) -> None:
    printed = npm(
        "run", "--silent", "example", LAD_URL=live_server.url, LAD_EMAIL=owner.email.upper(), LAD_PASSWORD=PASSWORD
    )
    assert json.loads(printed.splitlines()[-1]) == {
        "user": owner.email,
        "roles": ["viewer", "owner"],
        "refused": "not_found",
    }
