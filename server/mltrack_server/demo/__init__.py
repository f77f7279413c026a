"""Demo runs that the server makes by itself: small real trainings, for who has none yet."""
