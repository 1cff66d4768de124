"""Functions of standard contracts that conditions of the kind evmBasic ask: signature, parameters, and the kind of answer."""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import Enum

import msgspec

from votive.terms.conditions.comparing import Answer
from votive.terms.conditions.kinds import EvmBasic
from votive.terms.conditions.special import USER_ADDRESS, is_special, special_address


class Parameter(Enum):
    """What one parameter of a contract's function may be."""

    ADDRESS = "an address (0x and 40 hex digits), :userAddress or :litParam:NAME"
    USER = ":userAddress"
    ID = "a token id: a decimal integer, or hex with 0x, below 2^256"
    PLAN = "a decimal integer below 2^32"
    MULTIHASH = "the CID of an action as the 34 bytes of its multihash in hex"
    ADDRESSES = "addresses with commas between them"
    IDS = "token ids with commas between them"


class Standard(msgspec.Struct, frozen=True, kw_only=True):
    """A function of a standard contract."""

    signature: str
    returns: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    answer: Answer
    fixed: bool = False
    """The answer is yes or no by itself; Lit ignores the test, so only ``= true`` says what happens."""


_BALANCE = Standard(signature="balanceOf(address)", returns=("uint256",), parameters=(Parameter.ADDRESS,), answer=Answer.UNSIGNED)
STANDARDS: dict[tuple[str, str], Standard] = {
    ("ERC20", "balanceOf"): _BALANCE,
    ("ERC721", "balanceOf"): _BALANCE,
    ("ERC721", "ownerOf"): Standard(signature="ownerOf(uint256)", returns=("address",), parameters=(Parameter.ID,), answer=Answer.ADDRESS),
    ("ERC1155", "balanceOf"): Standard(
        signature="balanceOf(address,uint256)",
        returns=("uint256",),
        parameters=(Parameter.ADDRESS, Parameter.ID),
        answer=Answer.UNSIGNED,
    ),
    ("ERC1155", "balanceOfBatch"): Standard(
        signature="balanceOfBatch(address[],uint256[])",
        returns=("uint256[]",),
        parameters=(Parameter.ADDRESSES, Parameter.IDS),
        answer=Answer.UNSIGNED,
    ),
    ("CASK", "getActiveSubscriptionCount"): Standard(
        signature="getActiveSubscriptionCount(address,address,uint32)",
        returns=("uint256",),
        parameters=(Parameter.ADDRESS, Parameter.ADDRESS, Parameter.PLAN),
        answer=Answer.UNSIGNED,
    ),
    ("Creaton", "subscribers"): Standard(
        signature="subscribers(address)", returns=("uint8",), parameters=(Parameter.ADDRESS,), answer=Answer.TRUTH, fixed=True
    ),
    ("MolochDAOv2.1", "members"): Standard(
        signature="members(address)",
        returns=("address", "uint256", "uint256", "bool", "uint256", "uint256"),
        parameters=(Parameter.ADDRESS,),
        answer=Answer.TRUTH,
        fixed=True,
    ),
    ("ProofOfHumanity", "isRegistered"): Standard(
        signature="isRegistered(address)", returns=("bool",), parameters=(Parameter.ADDRESS,), answer=Answer.TRUTH, fixed=True
    ),
    ("PKPPermissions", "isPermittedAction"): Standard(
        signature="isPermittedAction(uint256,bytes)",
        returns=("bool",),
        parameters=(Parameter.ID, Parameter.MULTIHASH),
        answer=Answer.TRUTH,
    ),
    ("PKPPermissions", "isPermittedAddress"): Standard(
        signature="isPermittedAddress(uint256,address)",
        returns=("bool",),
        parameters=(Parameter.ID, Parameter.USER),
        answer=Answer.TRUTH,
    ),
}
"""By ``standardContractType`` and ``method``."""


def standard_of(condition: EvmBasic) -> Standard | None:
    """Return the contract function that a condition asks; None if it asks no contract's."""
    return STANDARDS.get((condition.standard_contract_type, condition.method))


def number_of(text: str) -> int | None:
    """Return a token id, decimal or hex with 0x; None if it is neither or has more than 256 bits."""
    if re.fullmatch(r"0x[0-9a-fA-F]{1,64}", text):
        return int(text, 16)
    if re.fullmatch(r"[0-9]{1,78}", text) and int(text) < 2**256:
        return int(text)
    return None


FITS: dict[Parameter, Callable[[str], bool]] = {
    Parameter.ADDRESS: special_address,
    Parameter.USER: lambda text: text == USER_ADDRESS,
    Parameter.ID: lambda text: number_of(text) is not None,
    Parameter.PLAN: lambda text: re.fullmatch(r"[0-9]{1,10}", text) is not None and int(text) < 2**32,
    Parameter.MULTIHASH: lambda text: re.fullmatch(r"(0x)?1220[0-9a-fA-F]{64}", text) is not None,
    Parameter.ADDRESSES: lambda text: all(special_address(part) for part in text.split(",")),
    Parameter.IDS: lambda text: all(number_of(part) is not None and not is_special(part) for part in text.split(",")),
}
"""Whether a text can be a parameter of this kind."""
