"""Read files of leads, say what can be done with them, and import them."""
