"""The node: the daemon that joins the rooms below it, and the HTTP API it serves.

``daemon`` is the one composition root. ``execute`` and ``signing`` tell what happens to a request, ``coordinator`` and
``transitions`` what happens to key generation, ``pairs`` what happens between two nodes, ``api`` is bytes in, bytes out.
"""
