"""What a template must be, beyond its columns."""

from collections.abc import Mapping
from typing import Any, Final

from campaigns.design.models import Channel
from campaigns.design.step_types import LONGEST_INVITATION
from campaigns.templates.models import CommunicationTemplate
from lad import writes
from lad.errors import Conflict, Invalid

INVITATION: Final = "linkedin_connection"


class BuiltinTemplate(Conflict):
    """This template comes with LAD: switch it off instead of deleting it."""

    code = "builtin_template"


class TemplateWriter(writes.Writer):
    """An e-mail has a subject; an invitation on LinkedIn is short; what LAD ships is not deleted."""

    def create(self, values: Mapping[str, Any], *, actor: Any = None) -> CommunicationTemplate:
        _check(CommunicationTemplate(**values))
        template: CommunicationTemplate = super().create(values, actor=actor)
        return template

    def update(
        self, row: CommunicationTemplate, values: Mapping[str, Any], *, actor: Any = None
    ) -> CommunicationTemplate:
        will_be = {name: getattr(row, name) for name in ("channel", "category", "subject", "body")}
        _check(CommunicationTemplate(**{name: values.get(name, value) for name, value in will_be.items()}))
        template: CommunicationTemplate = super().update(row, values, actor=actor)
        return template

    def delete(self, row: CommunicationTemplate, *, actor: Any = None) -> None:
        if row.is_builtin:
            raise BuiltinTemplate
        super().delete(row, actor=actor)


def _check(template: CommunicationTemplate) -> None:
    errors = {}
    if template.channel == Channel.EMAIL and not template.subject:
        errors["subject"] = ["An e-mail needs a subject."]
    invitation = template.channel == Channel.LINKEDIN and template.category == INVITATION
    if invitation and len(template.body) > LONGEST_INVITATION:
        errors["body"] = [f"LinkedIn takes invitations of at most {LONGEST_INVITATION} characters."]
    if errors:
        raise Invalid(errors=errors)


writes.register(CommunicationTemplate, TemplateWriter)
