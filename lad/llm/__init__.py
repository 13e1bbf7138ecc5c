"""Language models: connections, calls with limits, structured answers, streams, prompts. Knows no app above the kernel.

A caller passes its own deterministic answer with every call: it is what a tenant gets without a model, and whenever a
model fails. See docs/decisions/0050-language-models.md.
"""
