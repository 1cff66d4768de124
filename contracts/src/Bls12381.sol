// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {NotAPublicKey} from "./Secp256k1.sol";

/// @title Public keys on BLS12-381: points of G1 in the compressed encoding of 48 bytes (draft-irtf-cfrg-pairing-friendly-curves, appendix C)
/// @notice The first three bits are flags: compressed (always set), infinity (never set here), and which of the two
/// roots y is. The other 381 bits are x, big-endian, below the field's p.
/// @dev Whether x belongs to a point, and that point to the group, costs a pairing-friendly curve's arithmetic, which
/// this chain's EVM lacks; every node checks both before it votes, and a key exists only by more than two thirds of them.
library Bls12381 {
    uint256 private constant P_HEAD = 0x1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f624;
    uint256 private constant P_TAIL = 0x1eabfffeb153ffffb9feffffffffaaab;

    /// @notice Split a compressed key into its first 32 and its last 16 bytes, or revert if no key is written so.
    function words(bytes calldata publicKey) internal pure returns (bytes32 head, bytes32 tail) {
        if (publicKey.length != 48) revert NotAPublicKey(publicKey);
        head = bytes32(publicKey[:32]);
        tail = bytes32(publicKey[32:]);
        if (uint256(head) >> 254 != 2 || !_inField(head, tail)) revert NotAPublicKey(publicKey);
    }

    /// @notice Join what `words` split, 48 bytes.
    function encode(bytes32 head, bytes32 tail) internal pure returns (bytes memory) {
        return abi.encodePacked(head, bytes16(tail));
    }

    function _inField(bytes32 head, bytes32 tail) private pure returns (bool) {
        uint256 high = uint256(head) & (type(uint256).max >> 3);
        return high < P_HEAD || (high == P_HEAD && uint256(tail) >> 128 < P_TAIL);
    }
}
