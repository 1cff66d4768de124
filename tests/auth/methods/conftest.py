from __future__ import annotations

import pytest
from tests.auth.methods.provider import JWKS, Provider, ec_jwk, ed_jwk, rsa_jwk

from votive.auth.methods import Occasion
from votive.terms.binding import RequestBinding
from votive.terms.block import Block


@pytest.fixture
def provider() -> Provider:
    made = Provider()
    made.serve(JWKS, {"keys": [rsa_jwk(), ec_jwk(), ed_jwk()]})
    return made


@pytest.fixture
def occasion() -> Occasion:
    binding = RequestBinding.of("/web/sign_session_key/v1", "lit_0123456789", {"sessionKey": "lit:session:" + "ab" * 32})
    return Occasion(token_id=7, request=binding, block=Block(number=100, hash=b"\x64" * 32))
