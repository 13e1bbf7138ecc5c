"""What each network needs before a step acts on it: the words, and what its driver must know besides."""
