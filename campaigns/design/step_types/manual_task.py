"""Wait until a person has done something for the lead."""

from campaigns.design.step_specs import TEXT, StepSpec, step_types

step_types.register(
    StepSpec(
        key="manual_task",
        label="Task for a person",
        synonyms=("manual", "task"),
        required={"instructions": TEXT},
        outcomes=("done", "skipped"),
    )
)
