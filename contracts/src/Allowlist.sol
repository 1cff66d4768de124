// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";

/// @title A list of what somebody vouches for
/// @notice The owner names admins, and admins list items by a hash, such as keccak256("LIT_ACTION_" followed by a CID). Whoever
/// asks may act on the answer. The network's nodes do not ask: which action may use a key is said by the key's permissions
/// and by nothing else, so that no list can take a key away from its owner. Everything is allowed at first, which is what
/// holds at the nodes; the owner may have the list decide instead, for those who ask it.
contract Allowlist is Ownable {
    /// @notice Whether every item is allowed, listed or not.
    bool public allowAll = true;
    /// @notice Whether an item is listed.
    mapping(bytes32 key => bool) public allowedItems;
    /// @notice Whether an account may list items and take them off.
    mapping(address account => bool) public isAdmin;

    /// @notice An item was listed.
    event ItemAllowed(bytes32 indexed key);
    /// @notice An item was taken off the list.
    event ItemNotAllowed(bytes32 indexed key);
    /// @notice An account may list items from now on.
    event AdminAdded(address indexed newAdmin);
    /// @notice An account may not any more; the name of the field is Lit's.
    event AdminRemoved(address indexed newAdmin);
    /// @notice From now on every item is allowed, or only those that are listed.
    event AllowAllSet(bool allowAll);

    error NotAnAdmin(address account);

    modifier onlyAdmin() {
        if (!isAdmin[msg.sender]) revert NotAnAdmin(msg.sender);
        _;
    }

    constructor(address initialOwner) Ownable(initialOwner) {
        _setAdmin(initialOwner, true);
        emit AllowAllSet(true);
    }

    /// @notice Whether an item is allowed: it is listed, or everything is allowed.
    function isAllowed(bytes32 key) external view returns (bool) {
        return allowAll || allowedItems[key];
    }

    /// @notice List an item.
    function setAllowed(bytes32 key) external onlyAdmin {
        allowedItems[key] = true;
        emit ItemAllowed(key);
    }

    /// @notice Take an item off the list.
    function setNotAllowed(bytes32 key) external onlyAdmin {
        allowedItems[key] = false;
        emit ItemNotAllowed(key);
    }

    /// @notice Allow everything, or only what is listed.
    function setAllowAll(bool everything) external onlyOwner {
        allowAll = everything;
        emit AllowAllSet(everything);
    }

    /// @notice Let an account list items.
    function addAdmin(address newAdmin) external onlyOwner {
        _setAdmin(newAdmin, true);
    }

    /// @notice Let an account list items no longer; what it listed stays.
    function removeAdmin(address admin) external onlyOwner {
        _setAdmin(admin, false);
    }

    function _setAdmin(address account, bool admin) private {
        isAdmin[account] = admin;
        if (admin) emit AdminAdded(account);
        else emit AdminRemoved(account);
    }
}
