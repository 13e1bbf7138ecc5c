"""Write message templates."""

from typing import Final

from campaigns.design.step_types.linkedin_connect import MAX_INVITATION_LENGTH
from campaigns.templates.models import CommunicationTemplate
from lad import writes
from lad.errors import Conflict, Invalid
from lad.types import Actor, Values
from leads.channels import Channel

INVITATION: Final = "linkedin_connection"
_FIELDS_CHECKED: Final = ("channel", "category", "subject", "body")


class BuiltinTemplate(Conflict):
    """This template ships with LAD. Deactivate it instead of deleting it."""

    code = "builtin_template"


class TemplateWriter(writes.Writer[CommunicationTemplate]):
    """Writes templates: an e-mail needs a subject, LinkedIn limits invitations, built-in ones are not deleted."""

    def prepare(self, row: CommunicationTemplate | None, values: Values, *, actor: Actor) -> Values:
        before = {name: getattr(row, name) for name in _FIELDS_CHECKED} if row is not None else {}
        after = {name: values[name] for name in _FIELDS_CHECKED if name in values}
        _check(CommunicationTemplate(**{**before, **after}))
        return values

    def before_delete(self, row: CommunicationTemplate, *, actor: Actor) -> None:
        if row.is_builtin:
            raise BuiltinTemplate


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
