"""The sandbox as a part of ``make up``, and the variables that lead LAD to it."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from .supervisor import Program

PEOPLE_HURRY = "60"
LOOPBACK = ("127.0.0.1", "::1", "localhost")
OAUTH = {"client_id": "lad-sandbox", "client_secret": "lad-sandbox-secret-that-opens-nothing-outside"}
AUTHORIZE = {"GOOGLE": "/oauth/google/o/oauth2/v2/auth", "MICROSOFT": "/oauth/microsoft/common/oauth2/v2.0/authorize"}
TOKEN = {"GOOGLE": "/oauth/google/token", "MICROSOFT": "/oauth/microsoft/common/oauth2/v2.0/token"}


def is_wanted(environment: Mapping[str, str], repository: Path) -> bool:
    """Return whether ``make up`` starts the sandbox: LAD_SANDBOX=0 and an installation without the folder do not."""
    switch = environment.get("LAD_SANDBOX", "1").lower()
    return switch in ("1", "true", "yes", "on") and (repository / "sandbox").is_dir()


class Sandbox(Program):
    """The process. Its ports stay the same in every run of one home."""

    def __init__(self, home: Path, *, log: Path, environment: Mapping[str, str], web: str) -> None:
        self.home = home
        self._port_file = home / "address.json"
        command = [sys.executable, "-m", "sandbox", "--home", str(home), "--haste", PEOPLE_HURRY, "--open"]
        command += ["--port-file", str(self._port_file)]
        public = urlsplit(environment["PUBLIC_URL"]).hostname or ""
        if public not in LOOPBACK and web.rpartition(":")[0] in LOOPBACK:
            # People use links to LAD's public name, which leads to this computer's web server.
            command += ["--web", f"{public}={web}"]
        super().__init__("sandbox", command, log=log, environment=environment, stop_timeout=5)

    def start(self) -> None:
        self.home.mkdir(exist_ok=True, mode=0o700)
        self._port_file.unlink(missing_ok=True)
        super().start()

    def complaint(self) -> str:
        """Return an empty text once the sandbox listens."""
        return "" if self._port_file.exists() else "the sandbox does not listen yet"

    def variables(self, given: Mapping[str, str]) -> dict[str, str]:
        """Return the variables that lead LAD to the sandbox, without those that the user has set."""
        ports = json.loads(self._port_file.read_text())
        host, url = ports["host"], f"http://{ports['host']}:{ports['http']}"
        variables = {
            "SANDBOX_URL": url,
            "SANDBOX_SMTP": f"{host}:{ports['smtp']}",
            "SANDBOX_IMAP": f"{host}:{ports['imap']}",
            "MAIL_SANDBOX_HOSTS": host,
            "LLM_SANDBOX_HOSTS": host,
            "DIRECTORY_SANDBOX_HOSTS": host,
            "VOICE_SANDBOX_HOSTS": host,
            "OUTREACH_SANDBOX_HOSTS": host,
            "UNIPILE_BASE_URL": f"{url}/unipile",
            "UNIPILE_API_KEY": "sandbox",
            "UNIPILE_WEBHOOK_SECRET": "sandbox-reports-of-this-computer",
            "MAIL_CA_FILE": str(self.home / "certificate.pem"),
            "MAIL_QUEUES": json.dumps({host: f"{url}/messages"}),
            "MAIL_NAMESERVERS": f"{host}#{ports['dns']}",
        }
        for provider in AUTHORIZE:
            if given.get(f"{provider}_MAIL_CLIENT_ID"):
                continue
            variables |= {
                f"{provider}_MAIL_CLIENT_ID": OAUTH["client_id"],
                f"{provider}_MAIL_CLIENT_SECRET": OAUTH["client_secret"],
                f"{provider}_MAIL_AUTHORIZE_URL": url + AUTHORIZE[provider],
                f"{provider}_MAIL_TOKEN_URL": url + TOKEN[provider],
                f"{provider}_MAIL_SMTP": variables["SANDBOX_SMTP"],
                f"{provider}_MAIL_IMAP": variables["SANDBOX_IMAP"],
            }
        return {name: value for name, value in variables.items() if not given.get(name)}
