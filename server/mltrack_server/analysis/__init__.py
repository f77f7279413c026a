"""What parameters have to do with results: numbers about many runs at once, in numpy alone."""
