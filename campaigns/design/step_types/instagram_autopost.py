"""Publish a post on Instagram."""

from campaigns.design.step_specs import TEXT, StepSpec, step_types
from leads.channels import Channel

step_types.register(
    StepSpec(
        key="instagram_autopost",
        label="Instagram: post",
        channel=Channel.WEB,
        for_everybody=True,
        provider="instagram",
        cannot=(
            "Instagram takes posts with a picture or a video only, and LAD cannot attach one. Use the step “Task for a"
            " person”, so that somebody publishes it."
        ),
        required={"content": TEXT},
        config_synonyms={
            "instagramUsername": "username",
            "instagramPostContent": "content",
            "instagramCaption": "content",
        },
    )
)
