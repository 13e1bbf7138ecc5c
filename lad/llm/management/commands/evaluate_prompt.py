"""Try a prompt with cases whose answers are known: ``manage.py evaluate_prompt <name> --cases file.jsonl``."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from lad.errors import DomainError
from lad.llm import evaluation, prompt_files
from lad.llm.evaluation import BadCase, Case, Score
from lad.llm.models import ModelConnection
from lad.llm.prompt_files import BadPrompt, Prompt, UnknownPrompt
from lad.tenancy.context import platform_context


class Command(BaseCommand):
    help = (
        "Ask a model with each case of a file and print how many answers are right. lad/llm/evaluation.py describes the"
        " file. The tokens count for the tenant that owns the connection, or that --tenant names."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="the prompt, such as aiicp.assistant.turn")
        parser.add_argument("--cases", type=Path, required=True, help="a file with one JSON object a line")
        parser.add_argument("--connection", required=True, help="the name of the model connection")
        parser.add_argument("--tenant", default="", help="the id of the tenant to ask for")
        parser.add_argument("--prompt-version", type=int, help="the prompt's version; by default the newest")
        parser.add_argument("--least", type=float, default=0.0, help="fail if a smaller share of the checks holds")

    def handle(self, *args: Any, **options: Any) -> None:
        prompt, cases = self._read(options)
        connection, tenant_id = self._connection(options)
        scores = [self._try(prompt, case, tenant_id, connection.pk) for case in cases]
        for line in evaluation.summary(scores):
            self.stdout.write(line)
        checks = sum(each.checks for each in scores)
        held = checks - sum(len(each.wrong) if each.answered else each.checks for each in scores)
        if held < options["least"] * checks:
            raise CommandError(f"Fewer than {options['least']:.0%} of the checks hold.")

    def _read(self, options: dict[str, Any]) -> tuple[Prompt, list[Case]]:
        try:
            prompt = prompt_files.get(options["name"], options["prompt_version"])
            cases = list(evaluation.read_cases(options["cases"].read_text(encoding="utf-8").splitlines()))
        except (UnknownPrompt, BadCase, OSError) as error:
            raise CommandError(str(error)) from None
        if not cases:
            raise CommandError(f"{options['cases']} has no case.")
        return prompt, cases

    def _connection(self, options: dict[str, Any]) -> tuple[ModelConnection, Any]:
        with platform_context():
            rows = ModelConnection.objects.filter(name=options["connection"])
            if options["tenant"]:
                rows = rows.filter(tenant=options["tenant"]) | rows.filter(tenant__isnull=True)
            found = list(rows[:2])
        if len(found) != 1:
            raise CommandError(f"{len(found) or 'No'} connections are called {options['connection']}. Name the tenant.")
        tenant_id = options["tenant"] or found[0].tenant_id
        if not tenant_id:
            raise CommandError("This connection is the platform's. Say with --tenant for whom to ask.")
        return found[0], tenant_id

    def _try(self, prompt: Prompt, case: Case, tenant_id: Any, connection_id: Any) -> Score:
        try:
            found = evaluation.evaluate(prompt, case, tenant_id=tenant_id, connection_id=connection_id)
        except (BadPrompt, DomainError) as error:
            raise CommandError(f"Line {case.line}: {error}") from None
        state = "right" if found.answered and not found.wrong else "; ".join(found.wrong)
        self.stdout.write(f"line {case.line}: {state}")
        return found
