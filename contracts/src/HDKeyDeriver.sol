// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPubkeyRouter} from "./IPubkeyRouter.sol";
import {MultiScalar} from "./MultiScalar.sol";
import {Secp256k1} from "./Secp256k1.sol";

/// @title Public keys derived from root keys
/// @notice With t = H(derivedKeyId) the derived key is Σ tⁱ·rootᵢ, i from 0, as Lit's SDK and the nodes compute it. Keeps
/// nothing and decides nothing.
contract HDKeyDeriver {
    uint256 private constant ECDSA_SECP256K1 = 2;
    /// @dev With one root, Lit's SDK 7.4.0 returns t·root instead.
    uint256 private constant MIN_ROOTS = 2;
    uint256 private constant MAX_ROOTS = MultiScalar.MAX_POINTS + 1;

    /// @dev RFC 9380, section 5.3.1: DST_prime, which is the domain with its length.
    bytes private constant DOMAIN = "LIT_HD_KEY_ID_K256_XMD:SHA-256_SSWU_RO_NUL_";
    uint8 private constant DOMAIN_LENGTH = 43;
    /// @dev L of RFC 9380, section 5.1, for a group of 256 bits at 128 bits of security.
    uint16 private constant UNIFORM_LENGTH = 48;

    error RootCountOutOfRange(uint256 count);
    error UnsupportedKeyType(uint256 keyType);

    /// @notice The public key that `derivedKeyId` has under these root keys.
    /// @param derivedKeyId 32 bytes, hashed to a scalar
    /// @param rootHDKeys at least two, in their order, all of `keyType`, 65 bytes each
    /// @param keyType 2: ECDSA on secp256k1
    /// @return exists false, with no key, if t is 0 or the sum the point at infinity
    /// @return publicKey 65 bytes
    function computeHDPubKey(bytes32 derivedKeyId, IPubkeyRouter.RootKey[] calldata rootHDKeys, uint256 keyType)
        external
        view
        returns (bool exists, bytes memory publicKey)
    {
        if (keyType != ECDSA_SECP256K1) revert UnsupportedKeyType(keyType);
        return evaluate(hashToScalar(derivedKeyId), rootHDKeys);
    }

    /// @notice The same for a scalar: the polynomial with the roots as its coefficients, at t modulo the group's order.
    function evaluate(uint256 t, IPubkeyRouter.RootKey[] calldata roots)
        public
        view
        returns (bool exists, bytes memory publicKey)
    {
        if (roots.length < MIN_ROOTS || roots.length > MAX_ROOTS) revert RootCountOutOfRange(roots.length);
        if (t % Secp256k1.N == 0) return (false, "");
        MultiScalar.Affine[] memory higher = new MultiScalar.Affine[](roots.length - 1);
        for (uint256 i; i < higher.length; ++i) higher[i] = _point(roots[i + 1]);
        MultiScalar.Affine memory derived = MultiScalar.sum(_point(roots[0]), higher, _powers(t, higher.length));
        if (derived.x == 0 && derived.y == 0) return (false, "");
        return (true, Secp256k1.encode(bytes32(derived.x), bytes32(derived.y)));
    }

    /// @notice t: hash_to_field of RFC 9380, section 5.2, for one element of the scalars of secp256k1.
    function hashToScalar(bytes32 derivedKeyId) public pure returns (uint256) {
        bytes memory domain = abi.encodePacked(DOMAIN, DOMAIN_LENGTH);
        bytes32 b0 = sha256(abi.encodePacked(bytes32(0), bytes32(0), derivedKeyId, UNIFORM_LENGTH, uint8(0), domain));
        bytes32 b1 = sha256(abi.encodePacked(b0, uint8(1), domain));
        bytes32 b2 = sha256(abi.encodePacked(b0 ^ b1, uint8(2), domain));
        uint256 head = mulmod(uint256(b1), 1 << 128, Secp256k1.N);
        return addmod(head, uint256(b2) >> 128, Secp256k1.N);
    }

    /// @dev t, t², …, t^count.
    function _powers(uint256 t, uint256 count) private pure returns (uint256[] memory powers) {
        powers = new uint256[](count);
        uint256 power = 1;
        for (uint256 i; i < count; ++i) {
            power = mulmod(power, t, Secp256k1.N);
            powers[i] = power;
        }
    }

    function _point(IPubkeyRouter.RootKey calldata root) private pure returns (MultiScalar.Affine memory) {
        if (root.keyType != ECDSA_SECP256K1) revert UnsupportedKeyType(root.keyType);
        (bytes32 x, bytes32 y) = Secp256k1.coordinates(root.pubkey);
        return MultiScalar.Affine(uint256(x), uint256(y));
    }
}
