// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice These bytes encode no public key of the scheme that they are said to be of.
error NotAPublicKey(bytes publicKey);

/// @title Public keys on secp256k1 (SEC 2, section 2.4.1): y² = x³ + 7 over the field of p elements
library Secp256k1 {
    /// @notice Elements of the field of the coordinates.
    uint256 internal constant P = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEFFFFFC2F;
    /// @notice Points of the group, a prime: scalars are taken modulo this.
    uint256 internal constant N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;

    /// @notice Split an uncompressed SEC1 public key into its coordinates, or revert if it is no point of the curve.
    /// @dev The curve's cofactor is 1, so every point on it is in the group; the identity has no such encoding.
    function coordinates(bytes calldata publicKey) internal pure returns (bytes32 x, bytes32 y) {
        if (publicKey.length != 65 || publicKey[0] != 0x04) revert NotAPublicKey(publicKey);
        x = bytes32(publicKey[1:33]);
        y = bytes32(publicKey[33:65]);
        if (!_onCurve(uint256(x), uint256(y))) revert NotAPublicKey(publicKey);
    }

    /// @notice The coordinates of a key that `encode` wrote: filled up to three words, of which the first is the 0x04.
    function split(bytes memory publicKey) internal pure returns (bytes32 x, bytes32 y) {
        (, x, y) = abi.decode(bytes.concat(bytes31(0), publicKey), (uint8, bytes32, bytes32));
    }

    /// @notice Join coordinates into the uncompressed SEC1 encoding, 65 bytes.
    function encode(bytes32 x, bytes32 y) internal pure returns (bytes memory) {
        return abi.encodePacked(bytes1(0x04), x, y);
    }

    /// @notice The Ethereum address of a public key.
    function toAddress(bytes32 x, bytes32 y) internal pure returns (address) {
        return address(uint160(uint256(keccak256(abi.encodePacked(x, y)))));
    }

    function _onCurve(uint256 x, uint256 y) private pure returns (bool) {
        if (x >= P || y >= P) return false;
        return mulmod(y, y, P) == addmod(mulmod(mulmod(x, x, P), x, P), 7, P);
    }
}
