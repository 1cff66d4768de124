"""Texts that answers are made of; an answer of another shape is no answer."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import msgspec

Quantity: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^0x[0-9a-fA-F]{1,64}\Z")]
"""A number in hex, at most 256 bits."""

Data: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^0x([0-9a-fA-F]{2})*\Z")]
"""Bytes in hex."""

Hash: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^0x[0-9a-fA-F]{64}\Z")]
"""32 bytes in hex."""
