"""Enrol the lead in another campaign."""

from campaigns.design.step_specs import StepSpec, step_types

step_types.register(
    StepSpec(
        key="send_to_campaign",
        label="Send to another campaign",
        required={"campaign": {"type": "string", "format": "uuid", "pattern": r"^[0-9a-fA-F-]{36}$"}},
        outcomes=("done", "skipped"),
    )
)
