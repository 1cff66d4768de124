"""The HTTP API, one file an endpoint: bytes in, one call, bytes out. What a request means is decided in ``votive.node``."""
