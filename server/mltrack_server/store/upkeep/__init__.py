"""What keeps a store small and sound, beside what is written and read."""
