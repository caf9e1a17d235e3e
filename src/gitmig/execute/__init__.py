"""PostgreSQL: connections, the ledger, the executor, the embedded server. psycopg lives here only."""
