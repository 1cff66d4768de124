// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Burnable} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Burnable.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {ERC20Votes} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Votes.sol";
import {Nonces} from "@openzeppelin/contracts/utils/Nonces.sol";

/// @title The token that StakingBalances holds
/// @notice All of it is made when the contract is created, for one holder. Nobody can make more, stop it, or take it from
/// its holders. It pays for nothing on this network: mints and capacity cost the chain's own coin. Its name under Lit's
/// keys is LITToken; it is not the token that Lit Protocol issued, and is worth nothing.
contract LITToken is ERC20Burnable, ERC20Permit, ERC20Votes {
    /// @notice How much was made; there is less after a burn.
    uint256 public immutable cap;

    constructor(uint256 supply, address holder) ERC20("Votive Network Token", "VOT") ERC20Permit("Votive Network Token") {
        cap = supply;
        _mint(holder, supply);
    }

    /// @notice Let `spender` spend so much more of the caller's.
    function increaseAllowance(address spender, uint256 addedValue) external returns (bool) {
        _approve(msg.sender, spender, allowance(msg.sender, spender) + addedValue);
        return true;
    }

    /// @notice Let `spender` spend so much less of the caller's.
    function decreaseAllowance(address spender, uint256 subtractedValue) external returns (bool) {
        uint256 allowed = allowance(msg.sender, spender);
        if (allowed < subtractedValue) revert ERC20InsufficientAllowance(spender, allowed, subtractedValue);
        _approve(msg.sender, spender, allowed - subtractedValue);
        return true;
    }

    /// @inheritdoc ERC20Permit
    function nonces(address owner) public view override(ERC20Permit, Nonces) returns (uint256) {
        return super.nonces(owner);
    }

    function _update(address from, address to, uint256 value) internal override(ERC20, ERC20Votes) {
        super._update(from, to, value);
    }
}
