"""Commands of the terminal that look after what is recorded: one module for each concern."""
