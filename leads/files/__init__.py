"""Files on leads: what may come in, where it lies, and how it gets out."""
