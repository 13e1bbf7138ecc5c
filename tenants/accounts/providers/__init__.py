"""Sign-in providers outside LAD."""
