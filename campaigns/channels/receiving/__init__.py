"""How messages from networks other than e-mail are matched with leads and recorded."""
