"""The version of this software, as nodes and clients state it; pyproject.toml gives the same."""

VERSION = "0.1.0"
