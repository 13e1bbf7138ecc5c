"""An IMAP4rev1 server with UIDPLUS, MOVE, IDLE, SPECIAL-USE and keywords of the client's own."""
