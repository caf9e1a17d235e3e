"""PostgreSQL itself: naming and opening a connection, the one lock, running SQL, the embedded server."""
