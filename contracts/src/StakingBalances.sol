// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

/// @title Tokens that are put down and taken back
/// @notice Whoever puts tokens down for an account has the chain show it; the account takes them back when it likes, and
/// nobody else ever does: nothing is taken as a penalty, and nothing is paid for it. The seats of a network's nodes are
/// fixed when it is created, whatever is put down here.
contract StakingBalances {
    using SafeERC20 for IERC20;

    IERC20 private immutable _token;
    address private immutable _staking;

    /// @notice What all accounts have put down together.
    uint256 public totalStaked;
    /// @notice What was put down for an account and not taken back.
    mapping(address account => uint256) public balanceOf;

    /// @notice Tokens were put down for an account.
    event Staked(address indexed staker, uint256 amount);
    /// @notice An account took tokens back.
    event Withdrawn(address indexed staker, uint256 amount);

    error CannotStakeZero();
    error CannotWithdrawZero();
    error OnlyForItself(address caller, address account);
    error TryingToWithdrawMoreThanStaked(uint256 yourBalance, uint256 requestedWithdrawAmount);

    constructor(IERC20 token, address staking) {
        _token = token;
        _staking = staking;
    }

    /// @notice Put down `amount` of the caller's tokens for `account`. The caller must have approved it for this contract.
    /// @dev The token is the network's own, which transfers exactly what it is asked to.
    function stake(uint256 amount, address account) external {
        if (amount == 0) revert CannotStakeZero();
        balanceOf[account] += amount;
        totalStaked += amount;
        emit Staked(account, amount);
        _token.safeTransferFrom(msg.sender, address(this), amount);
    }

    /// @notice Take back `amount` of what was put down for `account`, which must be the caller.
    function withdraw(uint256 amount, address account) external {
        if (account != msg.sender) revert OnlyForItself(msg.sender, account);
        _withdraw(amount);
    }

    /// @notice Take back all that was put down for the caller.
    function withdraw() external {
        _withdraw(balanceOf[msg.sender]);
    }

    /// @notice What an account was paid for what it put down: nothing.
    function rewardOf(address) external pure returns (uint256) {
        return 0;
    }

    /// @notice The least that a node must put down: nothing.
    function minimumStake() external pure returns (uint256) {
        return 0;
    }

    /// @notice The most that may be put down for an account: there is no limit.
    function maximumStake() external pure returns (uint256) {
        return type(uint256).max;
    }

    /// @notice Whether only some accounts may put tokens down: all may.
    function permittedStakersOn() external pure returns (bool) {
        return false;
    }

    /// @notice Whether an account may put tokens down: every one may.
    function isPermittedStaker(address) external pure returns (bool) {
        return true;
    }

    /// @notice Whether what was put down for an account is neither too little nor too much: it never is.
    function checkStakingAmounts(address) external pure returns (bool) {
        return true;
    }

    /// @notice The token.
    function getTokenAddress() external view returns (address) {
        return address(_token);
    }

    /// @notice The registry of nodes.
    function getStakingAddress() external view returns (address) {
        return _staking;
    }

    function _withdraw(uint256 amount) private {
        if (amount == 0) revert CannotWithdrawZero();
        uint256 balance = balanceOf[msg.sender];
        if (amount > balance) revert TryingToWithdrawMoreThanStaked(balance, amount);
        balanceOf[msg.sender] = balance - amount;
        totalStaked -= amount;
        emit Withdrawn(msg.sender, amount);
        _token.safeTransfer(msg.sender, amount);
    }
}
