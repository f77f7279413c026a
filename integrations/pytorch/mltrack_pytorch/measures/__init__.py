"""What is measured of tensors and optimizers, on their devices; no run is known here."""
