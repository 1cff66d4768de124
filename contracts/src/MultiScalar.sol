// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Secp256k1} from "./Secp256k1.sol";

/// @title Sums of multiples of points on secp256k1: base + Σ kᵢ·Pᵢ
/// @notice Straus's interleaving: all multiples share their doublings. The scalars are recoded to non-adjacent forms of
/// width 5 (Guide to Elliptic Curve Cryptography, algorithms 3.35 and 3.51), so that each needs some 43 additions of
/// ±P, ±3P, …, ±15P. Those are affine; the sum is in Jacobian coordinates (x = X/Z², y = Y/Z³, Z = 0 at infinity).
/// @dev Right for all points of the curve, equal and opposite ones included. Scalars and points are public: nothing here
/// takes the same time for all of them. That the points are on the curve and each kᵢ < n is the caller's to check.
library MultiScalar {
    struct Affine {
        uint256 x;
        uint256 y;
    }

    /// @notice As many entries of the schedule can be told apart.
    uint256 internal constant MAX_POINTS = 15;

    uint256 private constant P = Secp256k1.P;
    /// @dev Bits of a digit: odd, from −15 to 15.
    uint256 private constant WIDTH = 5;
    uint256 private constant ODD_MULTIPLES = 8;
    /// @dev Scalars have 256 bits, and recoding may carry into one more.
    uint256 private constant POSITIONS = 257;
    /// @dev An entry of the schedule: 0 for none, else 1 + 2·(place in the table) + (1 to subtract).
    uint256 private constant ENTRY_BITS = 8;

    error InversionFailed();

    /// @notice The sum in affine coordinates; (0, 0), which is no point of the curve, for the point at infinity.
    function sum(Affine memory base, Affine[] memory points, uint256[] memory scalars)
        internal
        view
        returns (Affine memory)
    {
        Affine[] memory table = _oddMultiples(points);
        uint256[POSITIONS] memory schedule = _schedule(scalars);
        (uint256 x, uint256 y, uint256 z) = (0, 0, 0);
        for (uint256 position = POSITIONS; position > 0;) {
            unchecked {
                --position;
            }
            (x, y, z) = _double(x, y, z);
            for (uint256 entries = schedule[position]; entries != 0; entries >>= ENTRY_BITS) {
                (uint256 nextX, uint256 nextY) = _entry(table, entries & ((1 << ENTRY_BITS) - 1));
                (x, y, z) = _add(x, y, z, nextX, nextY);
            }
        }
        (x, y, z) = _add(x, y, z, base.x, base.y);
        return _toAffine(x, y, z);
    }

    // ---------------------------------------------------------------- scalars

    /// @dev For every bit's position, which multiples are added there.
    function _schedule(uint256[] memory scalars) private pure returns (uint256[POSITIONS] memory schedule) {
        for (uint256 i; i < scalars.length; ++i) _recode(scalars[i], 1 + 2 * ODD_MULTIPLES * i, schedule);
    }

    /// @dev The five lowest bits of an odd rest, taken as a number from −15 to 15, are a digit; four zeros follow it.
    function _recode(uint256 rest, uint256 firstEntry, uint256[POSITIONS] memory schedule) private pure {
        unchecked {
            uint256 position;
            while (rest != 0) {
                if (rest & 1 == 0) {
                    rest >>= 1;
                    ++position;
                    continue;
                }
                uint256 digit = rest & ((1 << WIDTH) - 1);
                uint256 negative = digit >> (WIDTH - 1);
                uint256 entry = firstEntry + (negative == 1 ? (1 << WIDTH) - digit : digit - 1);
                schedule[position] = (schedule[position] << ENTRY_BITS) | entry;
                rest = (rest >> WIDTH) + negative;
                position += WIDTH;
            }
        }
    }

    // ---------------------------------------------------------------- affine points

    /// @dev Pᵢ, 3Pᵢ, …, 15Pᵢ for one i after another. The group's order is a large prime: no sum on the way is infinity
    /// or a doubling, so that nothing that is inverted is 0.
    function _oddMultiples(Affine[] memory points) private view returns (Affine[] memory table) {
        uint256 count = points.length;
        table = new Affine[](count * ODD_MULTIPLES);
        Affine[] memory doubles = _doubles(points);
        for (uint256 i; i < count; ++i) table[i * ODD_MULTIPLES] = points[i];
        uint256[] memory inverses = new uint256[](count);
        for (uint256 multiple = 1; multiple < ODD_MULTIPLES; ++multiple) {
            for (uint256 i; i < count; ++i) {
                inverses[i] = _minus(doubles[i].x, table[i * ODD_MULTIPLES + multiple - 1].x);
            }
            _invertAll(inverses);
            for (uint256 i; i < count; ++i) {
                Affine memory last = table[i * ODD_MULTIPLES + multiple - 1];
                uint256 slope = mulmod(_minus(doubles[i].y, last.y), inverses[i], P);
                table[i * ODD_MULTIPLES + multiple] = _onLine(slope, last, doubles[i].x);
            }
        }
    }

    function _doubles(Affine[] memory points) private view returns (Affine[] memory doubles) {
        doubles = new Affine[](points.length);
        uint256[] memory inverses = new uint256[](points.length);
        for (uint256 i; i < points.length; ++i) inverses[i] = mulmod(2, points[i].y, P);
        _invertAll(inverses);
        for (uint256 i; i < points.length; ++i) {
            uint256 x = points[i].x;
            uint256 slope = mulmod(mulmod(3, mulmod(x, x, P), P), inverses[i], P);
            doubles[i] = _onLine(slope, points[i], x);
        }
    }

    /// @dev The sum of `first` and a point with x = `secondX`, both on a line of this slope.
    function _onLine(uint256 slope, Affine memory first, uint256 secondX) private pure returns (Affine memory third) {
        third.x = _minus(_minus(mulmod(slope, slope, P), first.x), secondX);
        third.y = _minus(mulmod(slope, _minus(first.x, third.x), P), first.y);
    }

    function _entry(Affine[] memory table, uint256 entry) private pure returns (uint256, uint256) {
        unchecked {
            Affine memory point = table[(entry - 1) >> 1];
            return (point.x, entry & 1 == 1 ? point.y : P - point.y);
        }
    }

    // ---------------------------------------------------------------- Jacobian points

    /// @dev 2·(x, y, z) (formulas dbl-2007-bl for a = 0); infinity stays infinity, and no point has order 2.
    function _double(uint256 x, uint256 y, uint256 z) private pure returns (uint256, uint256, uint256) {
        unchecked {
            uint256 ySquared = mulmod(y, y, P);
            uint256 s = mulmod(mulmod(4, x, P), ySquared, P);
            uint256 m = mulmod(3, mulmod(x, x, P), P);
            uint256 newX = addmod(mulmod(m, m, P), mulmod(P - 2, s, P), P);
            uint256 newZ = mulmod(mulmod(2, y, P), z, P);
            uint256 newY = addmod(mulmod(m, addmod(s, P - newX, P), P), mulmod(P - 8, mulmod(ySquared, ySquared, P), P), P);
            return (newX, newY, newZ);
        }
    }

    /// @dev (x, y, z) + (otherX, otherY) (mixed addition; Guide to Elliptic Curve Cryptography, algorithm 3.22).
    function _add(uint256 x, uint256 y, uint256 z, uint256 otherX, uint256 otherY)
        private
        pure
        returns (uint256, uint256, uint256)
    {
        unchecked {
            if (z == 0) return (otherX, otherY, 1);
            uint256 zSquared = mulmod(z, z, P);
            uint256 h = addmod(mulmod(otherX, zSquared, P), P - x, P);
            uint256 r = addmod(mulmod(otherY, mulmod(zSquared, z, P), P), P - y, P);
            if (h == 0) return r == 0 ? _double(x, y, z) : (uint256(0), uint256(0), uint256(0));
            uint256 hSquared = mulmod(h, h, P);
            uint256 hCubed = P - mulmod(hSquared, h, P);
            uint256 v = mulmod(x, hSquared, P);
            uint256 newX = addmod(addmod(mulmod(r, r, P), hCubed, P), mulmod(P - 2, v, P), P);
            uint256 newY = addmod(mulmod(r, addmod(v, P - newX, P), P), mulmod(y, hCubed, P), P);
            return (newX, newY, mulmod(z, h, P));
        }
    }

    function _toAffine(uint256 x, uint256 y, uint256 z) private view returns (Affine memory) {
        if (z == 0) return Affine(0, 0);
        uint256 inverse = _invert(z);
        uint256 squared = mulmod(inverse, inverse, P);
        return Affine(mulmod(x, squared, P), mulmod(y, mulmod(squared, inverse, P), P));
    }

    // ---------------------------------------------------------------- field

    /// @dev a − b for b ≤ p.
    function _minus(uint256 a, uint256 b) private pure returns (uint256) {
        unchecked {
            return addmod(a, P - b, P);
        }
    }

    /// @dev Replaces each value, none of which is 0, by its inverse, with one inversion for all (Montgomery's trick).
    function _invertAll(uint256[] memory values) private view {
        uint256[] memory products = new uint256[](values.length);
        uint256 product = 1;
        for (uint256 i; i < values.length; ++i) {
            products[i] = product;
            product = mulmod(product, values[i], P);
        }
        uint256 inverse = _invert(product);
        for (uint256 i = values.length; i > 0; --i) {
            uint256 value = values[i - 1];
            values[i - 1] = mulmod(inverse, products[i - 1], P);
            inverse = mulmod(inverse, value, P);
        }
    }

    /// @dev value^(p − 2), by the precompiled contract of EIP-198.
    function _invert(uint256 value) private view returns (uint256) {
        (bool done, bytes memory power) = address(5).staticcall(abi.encode(32, 32, 32, value, P - 2, P));
        if (!done) revert InversionFailed();
        return abi.decode(power, (uint256));
    }
}
