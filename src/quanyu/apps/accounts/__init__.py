"""Sign-in and what a user may do."""
