"""A training loop that steps by itself: where it stands, and who tells that it steps."""
