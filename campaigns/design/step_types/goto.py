"""Go on at another step: where its link leads."""

from campaigns.design.step_specs import StepSpec, step_types

step_types.register(StepSpec(key="goto", label="Go to", synonyms=("jump",)))
