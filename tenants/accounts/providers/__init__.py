"""People who sign in elsewhere: tokens of outside issuers, verified and linked to users."""
