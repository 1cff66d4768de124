// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

/// @title Send equal parts to many
/// @notice All are paid or none: a recipient that refuses is named, and can be left out. Has no owner and keeps nothing.
contract Multisender {
    using SafeERC20 for IERC20;

    error NothingForEach(uint256 amount, uint256 recipients);
    error PaymentRefused(address recipient, uint256 amount);

    /// @notice Send the value in equal parts to `recipients`; what does not divide goes back to the caller.
    /// @dev Nothing but this call's own value is here while others are called: whoever re-enters can share out his own only.
    function sendEth(address[] calldata recipients) external payable {
        uint256 part = _part(msg.value, recipients.length);
        for (uint256 i; i < recipients.length; ++i) _pay(recipients[i], part);
        uint256 rest = msg.value - part * recipients.length;
        if (rest != 0) _pay(msg.sender, rest);
    }

    /// @notice Send equal parts of a token to `recipients`: of what the caller approved for this contract, or, if that is
    /// nothing, of what was sent here before. What does not divide stays where it is.
    /// @dev What was sent here before belongs to whoever calls first. That is how Lit's contract works, and those who
    /// wrote for it send first; approve instead.
    function sendTokens(address[] calldata recipients, IERC20 tokenContract) external {
        uint256 approved = tokenContract.allowance(msg.sender, address(this));
        uint256 amount = approved == 0 ? tokenContract.balanceOf(address(this)) : approved;
        uint256 part = _part(amount, recipients.length);
        for (uint256 i; i < recipients.length; ++i) {
            if (approved == 0) tokenContract.safeTransfer(recipients[i], part);
            else tokenContract.safeTransferFrom(msg.sender, recipients[i], part);
        }
    }

    function _part(uint256 amount, uint256 recipients) private pure returns (uint256 part) {
        if (recipients != 0) part = amount / recipients;
        if (part == 0) revert NothingForEach(amount, recipients);
    }

    function _pay(address recipient, uint256 amount) private {
        (bool paid,) = recipient.call{value: amount}("");
        if (!paid) revert PaymentRefused(recipient, amount);
    }
}
