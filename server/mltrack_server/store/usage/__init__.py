"""Usage of devices, read from the samples that agents took of them."""
