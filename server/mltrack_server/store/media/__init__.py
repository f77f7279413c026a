"""Images, sounds, texts and tables in the store."""
