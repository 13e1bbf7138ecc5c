"""Write the links between steps."""

from campaigns.design.models import StepLink
from campaigns.design.services.steps import require_editable
from lad import writes
from lad.types import Actor, Values


class StepLinkWriter(writes.Writer[StepLink]):
    """Writes links. Their step never changes, and the campaign is that of the step."""

    def prepare(self, row: StepLink | None, values: Values, *, actor: Actor) -> Values:
        if row is not None:
            writes.fixed_fields(row, values, {"step"}, "The step cannot be changed. Make a link from the other step.")
            require_editable(row.step.campaign)
            return values
        step = values.get("step")
        if step is None:
            return values
        require_editable(step.campaign)
        return {**values, "campaign": step.campaign}

    def before_delete(self, row: StepLink, *, actor: Actor) -> None:
        require_editable(row.step.campaign)


writes.register(StepLink, StepLinkWriter)
