"""Lets any program work inside gitmig's open transaction: it connects to a socket of ours, and is passed on.

`protocol` reads and writes messages, `statements` knows what BEGIN and COMMIT become, `exchange` decides who may say
what, and `server` moves the bytes.
"""

from gitmig.postgres.forwarder.server import Forwarder, can_forward, make_folder

__all__ = ["Forwarder", "can_forward", "make_folder"]
