"""Check Dockerfile and docker-compose.yml as far as possible without a container engine."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from celery.bin.celery import celery as celery_command
from django.core.management import get_commands
from granian.cli import cli as granian_command

from tools.runtime import web

REPOSITORY = Path(__file__).parents[3]
OWN = {"provision", "migrate", "web", "worker"}
PARTS = OWN | {"database", "broker", "proxy"}
RESTRICTED = {"web", "worker"}
# Read by the images and by the provision step rather than by lad/settings.py.
OTHER_VARIABLES = {
    "POSTGRES_PASSWORD",
    "REDISCLI_AUTH",
    "GRANIAN_WORKERS",
    "LAD_SUPERUSER_URL",
    "LAD_OWNER_PASSWORD",
    "LAD_WEB_PASSWORD",
}


@pytest.fixture(scope="module")
def text() -> str:
    return (REPOSITORY / "docker-compose.yml").read_text()


@pytest.fixture(scope="module")
def services(text: str) -> dict[str, Any]:
    services: dict[str, Any] = yaml.safe_load(text)["services"]
    return services


@pytest.fixture(scope="module")
def instructions() -> list[tuple[str, str]]:
    text = re.sub(r"\\\n", " ", (REPOSITORY / "Dockerfile").read_text())
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in lines)]


def test_every_part_is_there_and_every_dependency_too(services: dict[str, Any]) -> None:
    assert set(services) == PARTS
    for service in services.values():
        assert set(service.get("depends_on", {})) <= PARTS


def test_services_start_after_their_dependencies(services: dict[str, Any]) -> None:
    def waits_for(name: str) -> dict[str, str]:
        return {other: how["condition"] for other, how in services[name]["depends_on"].items()}

    assert waits_for("provision") == {"database": "service_healthy"}
    assert waits_for("migrate")["provision"] == "service_completed_successfully"
    for name in RESTRICTED:
        assert waits_for(name) == {
            "migrate": "service_completed_successfully",
            "database": "service_healthy",
            "broker": "service_healthy",
        }


def test_services_have_health_checks_restarts_and_log_limits(services: dict[str, Any]) -> None:
    assert services
    for name, service in services.items():
        once = name in {"provision", "migrate"}
        assert service["restart"].startswith("on-failure" if once else "unless-stopped")
        assert service["logging"]["options"]["max-size"]
        if not once and name != "web":
            assert service["healthcheck"]["test"]


def test_our_own_containers_have_no_more_rights_than_they_need(services: dict[str, Any]) -> None:
    for name in OWN | {"proxy"}:
        service = services[name]
        assert service["user"] not in ("root", "0")
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert "privileged" not in service


def test_database_and_broker_are_reached_from_inside_only(text: str, services: dict[str, Any]) -> None:
    networks = yaml.safe_load(text)["networks"]
    for name in ("database", "broker"):
        assert "ports" not in services[name]
        assert all(networks[network]["internal"] for network in services[name]["networks"])


def test_only_the_proxy_is_reached_from_outside(services: dict[str, Any]) -> None:
    assert {name for name, service in services.items() if "ports" in service} == {"proxy"}
    assert services["proxy"]["networks"] == ["outside"]
    assert "outside" in services["web"]["networks"]
    [volume] = services["proxy"]["volumes"]
    assert (REPOSITORY / volume.partition(":")[0]).exists()


def test_images_are_the_versions_the_architecture_names(services: dict[str, Any]) -> None:
    assert services["database"]["image"] == "postgres:18"
    assert services["database"]["volumes"] == ["database:/var/lib/postgresql"]
    assert services["broker"]["image"].startswith("valkey/valkey:")
    assert not any(service["image"].endswith(":latest") for service in services.values())


def test_the_file_holds_no_secrets_and_names_missing_ones(text: str, services: dict[str, Any]) -> None:
    variables = re.findall(r"\$\{([A-Z_]+)(:?[-?][^}]*)?\}", text)
    assert variables
    for name, default in variables:
        secret = re.search(r"PASSWORD|SECRET|KEYS|EMAIL_URL", name)
        if secret or not default:
            assert default.startswith(f":?set {name}"), name
    assert services
    for service in services.values():
        for name, value in service.get("environment", {}).items():
            if re.search(r"PASSWORD|KEY|AUTH", name):
                assert value is None or re.fullmatch(r"\$\{[A-Z_]+:\?[^}]+\}", value), name
            without_references = re.sub(r"\$\{[^}]*\}", "$", value or "")
            assert not re.search(r"://[^/@]*:[^$/@]+@", without_references), name


def test_every_variable_is_read_by_a_program(services: dict[str, Any]) -> None:
    settings = "".join(path.read_text() for path in (REPOSITORY / "lad").glob("settings*.py"))
    read = set(re.findall(r'(?:env(?:\.\w+)?|_secret)\(\s*"([A-Z_]+)"', settings)) | {
        "DATABASE_URL",
        "DATABASE_OWNER_URL",
    }
    for name, service in services.items():
        assert set(service.get("environment", {})) <= read | OTHER_VARIABLES, name


def test_only_the_migration_knows_the_owner_and_only_the_provision_the_superuser(services: dict[str, Any]) -> None:
    def mentions(word: str) -> set[str]:
        return {name for name in OWN if word in str(services[name]["environment"])}

    assert mentions("LAD_OWNER_PASSWORD") == {"provision", "migrate"}
    assert mentions("POSTGRES_PASSWORD") == {"provision"}
    for name in RESTRICTED:
        assert services[name]["environment"]["DATABASE_URL"].startswith("postgresql://lad_web:")


@pytest.mark.parametrize("name", sorted(OWN - {"web"}))
def test_every_command_is_valid_for_its_program(services: dict[str, Any], name: str) -> None:
    command = [re.sub(r"\$\{\w+:-(\w+)\}", r"\1", part) for part in services[name]["command"]]
    check_command(command)


def test_the_image_runs_a_web_server_that_understands_its_command(instructions: list[tuple[str, str]]) -> None:
    command = yaml.safe_load(dict(instructions)["CMD"])
    check_command(command)
    # The same as `make up` runs.
    assert ["-m", *command] == web.command(host="0.0.0.0", port=8000)  # noqa: S104


def test_the_image_runs_as_an_ordinary_user_with_a_health_check(instructions: list[tuple[str, str]]) -> None:
    words = [word for word, _ in instructions]
    assert dict(instructions)["USER"] == "lad"
    assert words.index("USER") > max(index for index, word in enumerate(words) if word in ("COPY", "RUN"))
    assert "/healthz" in dict(instructions)["HEALTHCHECK"]
    assert words.count("FROM") == 2
    assert all("python:3.13-slim" in rest for word, rest in instructions if word == "FROM")


def test_the_image_holds_the_locked_packages_and_the_collected_files(instructions: list[tuple[str, str]]) -> None:
    runs = " ".join(rest for word, rest in instructions if word == "RUN")
    assert "--require-hashes --no-deps -r requirements.txt" in runs
    assert "manage.py collectstatic --no-input" in runs


def test_the_build_context_holds_only_what_the_image_needs(instructions: list[tuple[str, str]]) -> None:
    first, *rest = (REPOSITORY / ".dockerignore").read_text().splitlines()
    sent = {line.removeprefix("!") for line in rest if line.startswith("!")}
    assert first == "*"
    assert all((REPOSITORY / name).exists() for name in sent)
    apps = {path.parent.name for path in REPOSITORY.glob("*/apps.py")}
    assert apps | {"manage.py", "requirements.txt"} <= sent
    assert not sent & {".lad", ".git", "tests", "sandbox"}


def check_command(command: list[str]) -> None:
    """Have the program's own parser read the words, without running it."""
    program, *words = command
    if program == "granian":
        granian_command.make_context(program, words)
    elif program == "celery":
        assert words[:2] == ["-A", "lad"]
        subcommand = celery_command.commands[words[2]]
        options = {option for parameter in subcommand.params for option in parameter.opts}
        assert {word.partition("=")[0] for word in words[3:] if word.startswith("--")} <= options
    elif words[0] == "manage.py":
        assert words[1] in get_commands()
    else:
        assert words[0] == "-m"
        assert (REPOSITORY / (words[1].replace(".", "/") + ".py")).exists()
