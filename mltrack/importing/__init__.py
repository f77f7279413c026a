"""`mltrack import`: runs that other trackers recorded, made into runs of mltrack."""
