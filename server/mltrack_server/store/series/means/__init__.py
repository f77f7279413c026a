"""Means: runs of groups as one line each, averaged bucket by bucket."""
