"""What can be logged to be seen, heard or read. Nothing here is loaded until it is used."""
