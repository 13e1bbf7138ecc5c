"""Start the embedded servers once, before settings are read. Parallel workers share them."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from xdist.scheduler import LoadFileScheduling
from xdist.workermanage import WorkerController

from tools.runtime.servers import embedded_servers


def _start(stack: contextlib.ExitStack) -> None:
    home = Path(tempfile.mkdtemp(prefix="lad-"))
    stack.callback(shutil.rmtree, home, ignore_errors=True)
    # Where a server's static files would be; the middleware that serves them warns when there is no such directory.
    (home / "static").mkdir()
    servers = stack.enter_context(embedded_servers(home, durable=False))
    os.environ.update(servers.environment())
    # Tests start Python again and again. Without its cache, each process would compile all of LAD.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ.update(
        LAD_HOME=str(home),
        SECRET_KEY="a-key-for-tests-only-" * 4,
        FIELD_ENCRYPTION_KEYS=Fernet.generate_key().decode(),
        JWT_SIGNING_KEYS="a-signing-key-for-tests-only-" * 3,
        DB_POOL="false",
        LOG_LEVEL="WARNING",
        APP_URL="http://localhost:5173",
    )


# These directories share expensive fixtures (demo data, a running LAD), so one worker runs each of them.
TOGETHER = ("tests/browser/", "tests/tools/runtime/")


class FilesAndDirectories(LoadFileScheduling):
    """Schedule tests by file, and some directories as a whole.

    The workers share two processors with the scheduler, which looks through all tests for each of them. This one
    keeps the numbers of the tests and forgets what is done.
    """

    @cached_property
    def _numbers(self) -> dict[str, int]:
        assert self.collection is not None
        return {nodeid: number for number, nodeid in enumerate(self.collection)}

    def _split_scope(self, nodeid: str) -> str:
        return next((each for each in TOGETHER if nodeid.startswith(each)), super()._split_scope(nodeid))

    def _assign_work_unit(self, node: WorkerController) -> None:
        scope, tests = self.workqueue.popitem(last=False)
        self.assigned_work.setdefault(node, {})[scope] = tests
        node.send_runtest_some([self._numbers[nodeid] for nodeid, done in tests.items() if not done])

    def mark_test_complete(self, node: WorkerController, item_index: int, duration: float = 0) -> None:
        assert self.collection is not None
        nodeid = self.collection[item_index]
        scope = self._split_scope(nodeid)
        tests = self.assigned_work[node][scope]
        del tests[nodeid]
        if not tests:
            del self.assigned_work[node][scope]
        self._reschedule(node)

    def _pending_of(self, workload: dict[str, dict[str, bool]]) -> int:
        return sum(map(len, workload.values()))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> FilesAndDirectories:
    return FilesAndDirectories(config, log)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Iterator[None]:
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker is None:
        stack = contextlib.ExitStack()
        _start(stack)
        early_config.add_cleanup(stack.close)
    else:
        # Each worker its own numbered Valkey database; 0 is the controller's.
        number = int(worker.removeprefix("gw")) + 1
        os.environ["REDIS_URL"] = f"{os.environ['REDIS_URL'].rsplit('/', 1)[0]}/{number}"
    return (yield)
