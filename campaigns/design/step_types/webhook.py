"""Send the lead's data to a system of the tenant."""

from campaigns.design.step_specs import StepSpec, step_types

step_types.register(
    StepSpec(
        key="webhook",
        label="Webhook",
        calls_system=True,
        required={"endpoint": {"type": "string", "format": "uuid", "pattern": r"^[0-9a-fA-F-]{36}$"}},
        outcomes=("ok", "failed"),
    )
)
