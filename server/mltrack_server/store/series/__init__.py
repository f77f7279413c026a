"""Series, read back: drawn into buckets, reduced to a few rows, or point by point."""
