"""The results of a campaign: its funnel, its queue, its next sends, and why something was not sent."""
