"""Read what was said in a call, without a model and without a network: the same answer for the same words, always."""
