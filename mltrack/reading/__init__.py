"""Reading back: runs as objects, whether they lie in a folder or on a server."""
