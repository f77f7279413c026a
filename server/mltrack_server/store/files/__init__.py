"""Files that runs wrote and read: rows, reads, previews, and which runs have the same bytes."""
