"""What a method is shown for: the request, the key and the block that its verification is bound to."""

from __future__ import annotations

import msgspec

from votive.terms.binding import RequestBinding
from votive.terms.block import Block


class Occasion(msgspec.Struct, frozen=True, kw_only=True):
    """One request that a method is to authenticate."""

    token_id: int | None
    """The key that is asked for; None where a request names none."""
    request: RequestBinding
    block: Block
    """The final block that whatever proves the user is read at."""
