"""`mltrack demo`: real trainings of small models, good and bad ones, to look at."""
