"""The database below the tables: SQLite or PostgreSQL, and its schema's steps."""
