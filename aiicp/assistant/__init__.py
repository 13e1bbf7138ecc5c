"""The assistant answers: it keeps what was said, decides what to ask next, and never acts by itself."""
