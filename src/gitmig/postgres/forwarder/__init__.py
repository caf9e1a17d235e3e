"""Lets any program work inside gitmig's open transaction: it connects to a socket of ours, and is passed on.

`protocol` reads and writes messages; `statements` knows what a text does to transactions, and what is sent in its
place; `session` is the server's end, `exchange` has the clients and whose turn it is, and neither does I/O; `server`
moves the bytes.

What a program gets is an ordinary connection, but for this:

- There is one session for all connections. Temporary tables, settings and advisory locks are everybody's; a connection
  that comes when no other is left finds a fresh session. One that has a transaction open keeps the others waiting.
- The options of BEGIN and SET TRANSACTION have no effect: the transaction has begun long ago.
- What cannot run inside a transaction block (VACUUM, CREATE INDEX CONCURRENTLY, DISCARD ALL) cannot run here.
  `now()` stands still. Row locks and other locks are kept until gitmig commits.
- Deferred constraints are checked at the program's COMMIT, and behind a statement outside a block that has a word in
  it that writes; what a function writes that is called in a SELECT outside a block is checked later.
- In a prepared statement's name in pg_prepared_statements there is a prefix; `EXECUTE` in SQL does not know the
  statements that were prepared by message.
"""

from gitmig.postgres.forwarder.server import Forwarder, can_forward, make_folder

__all__ = ["Forwarder", "can_forward", "make_folder"]
