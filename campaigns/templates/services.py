"""Write message templates."""

from typing import Final

from campaigns.design.channels import Channel
from campaigns.design.step_types.linkedin_connect import MAX_INVITATION_LENGTH
from campaigns.templates.models import CommunicationTemplate
from lad import writes
from lad.errors import Conflict, Invalid
from lad.types import Actor, Values

INVITATION: Final = "linkedin_connection"


class BuiltinTemplate(Conflict):
    """This template ships with LAD. Deactivate it instead of deleting it."""

    code = "builtin_template"


class TemplateWriter(writes.Writer[CommunicationTemplate]):
    """Writes templates: an e-mail needs a subject, LinkedIn limits invitations, built-in ones are not deleted."""

    def create(self, values: Values, *, actor: Actor = None) -> CommunicationTemplate:
        _check(CommunicationTemplate(**values))
        return super().create(values, actor=actor)

    def update(self, row: CommunicationTemplate, values: Values, *, actor: Actor = None) -> CommunicationTemplate:
        after = {name: getattr(row, name) for name in ("channel", "category", "subject", "body")}
        _check(CommunicationTemplate(**{name: values.get(name, value) for name, value in after.items()}))
        return super().update(row, values, actor=actor)

    def delete(self, row: CommunicationTemplate, *, actor: Actor = None) -> None:
        if row.is_builtin:
            raise BuiltinTemplate
        super().delete(row, actor=actor)


def _check(template: CommunicationTemplate) -> None:
    errors = {}
    if template.channel == Channel.EMAIL and not template.subject:
        errors["subject"] = ["An e-mail needs a subject."]
    invitation = template.channel == Channel.LINKEDIN and template.category == INVITATION
    if invitation and len(template.body) > MAX_INVITATION_LENGTH:
        errors["body"] = [f"A LinkedIn invitation can have at most {MAX_INVITATION_LENGTH} characters."]
    if errors:
        raise Invalid(errors=errors)


writes.register(CommunicationTemplate, TemplateWriter)
