"""The model registry: versions of models, aliases that point at them, and what is told of both."""
