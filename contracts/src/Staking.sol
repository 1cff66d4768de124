// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IStaking} from "./IStaking.sol";

/// @title Registry of the nodes of one epoch
/// @notice Seats, addresses and public keys of the nodes, fixed when the contract is created: nobody, the deployer
/// included, can add or remove a node afterwards. The views under "Interface of Lit's SDK" keep Lit's signatures.
contract Staking is IStaking {
    /// @notice One node as it is registered.
    struct Registration {
        uint256 seat;
        address nodeAddress;
        string url;
        uint32 ip;
        uint128 ipv6;
        uint32 port;
        uint16 peerPort;
        bytes32 certHash;
        bytes32 x25519Key;
    }

    /// @notice What a node needs to know of another one.
    struct Node {
        uint256 seat;
        address nodeAddress;
        string url;
        uint16 peerPort;
        bytes32 certHash;
        bytes32 x25519Key;
    }

    /// @notice Lit's description of an epoch; times in seconds.
    struct Epoch {
        uint256 epochLength;
        uint256 number;
        uint256 endTime;
        uint256 retries;
        uint256 timeout;
    }

    /// @notice Lit's description of a node. Both communication keys are the node's one X25519 key.
    struct Validator {
        uint32 ip;
        uint128 ipv6;
        uint32 port;
        address nodeAddress;
        uint256 reward;
        uint256 senderPubKey;
        uint256 receiverPubKey;
    }

    /// @notice States of an epoch; the numbers are Lit's.
    enum States {
        Active,
        NextValidatorSetLocked,
        ReadyForNextEpoch,
        Unlocked,
        Paused,
        Restore
    }

    /// @notice The smallest committee that can lose a node and still sign.
    uint256 public constant MIN_NODES = 4;
    /// @notice The largest committee that the protocols are made for.
    uint256 public constant MAX_NODES = 30;
    /// @notice Seats are a node's Shamir x, which is one byte.
    uint256 public constant MAX_SEAT = 255;

    uint256 private immutable _epochLength;
    uint256 private immutable _endTime;
    uint256[] private _seats;
    mapping(uint256 seat => Registration) private _registrations;
    mapping(address node => uint256 seat) private _seatOf;

    /// @notice The epoch entered another state.
    event StateChanged(States newState);
    /// @notice A node was registered.
    event NodeRegistered(uint256 indexed seat, address indexed nodeAddress, string url);

    error CommitteeSizeOutOfRange(uint256 size);
    error SeatsNotAscending(uint256 seat);
    error NodeAddressTaken(address nodeAddress);
    error IncompleteRegistration(uint256 seat);
    error NoSuchSeat(uint256 seat);
    error NotANode(address account);

    /// @param registrations the nodes in ascending order of seat
    /// @param epochLength length of epoch 1 in seconds
    constructor(Registration[] memory registrations, uint256 epochLength) {
        uint256 size = registrations.length;
        if (size < MIN_NODES || size > MAX_NODES) revert CommitteeSizeOutOfRange(size);
        for (uint256 i; i < size; ++i) _register(registrations[i]);
        _epochLength = epochLength;
        _endTime = block.timestamp + epochLength;
        emit StateChanged(States.Active);
    }

    // ---------------------------------------------------------------- nodes

    /// @notice Return the node in `seat`.
    function nodeInfo(uint256 seat)
        external
        view
        returns (address nodeAddress, string memory url, uint16 peerPort, bytes32 certHash, bytes32 x25519Key)
    {
        Registration storage node = _at(seat);
        return (node.nodeAddress, node.url, node.peerPort, node.certHash, node.x25519Key);
    }

    /// @notice Return all taken seats, ascending.
    function seats() external view returns (uint256[] memory) {
        return _seats;
    }

    /// @notice Return the whole committee in one call, ascending by seat.
    function committee() external view returns (uint256 epochNumber, uint256 threshold, Node[] memory nodes) {
        nodes = new Node[](_seats.length);
        for (uint256 i; i < nodes.length; ++i) {
            Registration storage node = _registrations[_seats[i]];
            nodes[i] = Node(node.seat, node.nodeAddress, node.url, node.peerPort, node.certHash, node.x25519Key);
        }
        return (_number(), _threshold(), nodes);
    }

    /// @notice Return the seat of `node`, or 0.
    function seatOf(address node) external view returns (uint256) {
        return _seatOf[node];
    }

    /// @inheritdoc IStaking
    function votingRights(address node)
        external
        view
        returns (uint256 seat, uint256 epochNumber, uint256 threshold)
    {
        return (_seatOf[node], _number(), _threshold());
    }

    // ---------------------------------------------------------------- interface of Lit's SDK

    /// @notice Everything that Lit's SDK reads when it connects.
    function getActiveUnkickedValidatorStructsAndCounts()
        external
        view
        returns (Epoch memory, uint256 currentValidatorCountForConsensus_, Validator[] memory)
    {
        return (epoch(), _threshold(), getValidatorsStructsInCurrentEpoch());
    }

    /// @notice The current epoch.
    function epoch() public view returns (Epoch memory) {
        return Epoch({epochLength: _epochLength, number: _number(), endTime: _endTime, retries: 0, timeout: 0});
    }

    /// @notice The state of the current epoch.
    function state() external pure returns (States) {
        return States.Active;
    }

    /// @notice t = floor(2n/3) + 1.
    function currentValidatorCountForConsensus() external view returns (uint256) {
        return _threshold();
    }

    /// @notice Addresses of all nodes. A node is its own staker here.
    function getValidatorsInCurrentEpoch() external view returns (address[] memory addresses) {
        addresses = new address[](_seats.length);
        for (uint256 i; i < addresses.length; ++i) addresses[i] = _registrations[_seats[i]].nodeAddress;
    }

    /// @notice Nodes of the current epoch that were voted out: none ever is.
    function getKickedValidators() external pure returns (address[] memory kicked) {}

    /// @notice n.
    function getValidatorsInCurrentEpochLength() external view returns (uint256) {
        return _seats.length;
    }

    /// @notice All nodes as Lit describes them.
    function getValidatorsStructsInCurrentEpoch() public view returns (Validator[] memory structs) {
        structs = new Validator[](_seats.length);
        for (uint256 i; i < structs.length; ++i) structs[i] = _validator(_seats[i]);
    }

    /// @notice The given nodes as Lit describes them.
    function getValidatorsStructs(address[] calldata addresses) external view returns (Validator[] memory structs) {
        structs = new Validator[](addresses.length);
        for (uint256 i; i < addresses.length; ++i) structs[i] = _validator(_seatOrRevert(addresses[i]));
    }

    /// @notice One node as Lit describes it.
    function validators(address nodeAddress) external view returns (Validator memory) {
        return _validator(_seatOrRevert(nodeAddress));
    }

    /// @notice Whether `account` is a node of the current epoch.
    function isActiveValidator(address account) external view returns (bool) {
        return _seatOf[account] != 0;
    }

    /// @notice Whether `account` is the wallet of a node of the current epoch.
    function isActiveValidatorByNodeAddress(address account) external view returns (bool) {
        return _seatOf[account] != 0;
    }

    /// @notice The staker behind a node's wallet: the node itself, or zero if it is no node.
    function nodeAddressToStakerAddress(address nodeAddress) external view returns (address) {
        return _seatOf[nodeAddress] == 0 ? address(0) : nodeAddress;
    }

    // ---------------------------------------------------------------- inside

    function _register(Registration memory node) private {
        uint256 last = _seats.length == 0 ? 0 : _seats[_seats.length - 1];
        if (node.seat <= last || node.seat > MAX_SEAT) revert SeatsNotAscending(node.seat);
        bool complete = node.nodeAddress != address(0) && bytes(node.url).length != 0 && node.peerPort != 0
            && node.certHash != 0 && node.x25519Key != 0;
        if (!complete) revert IncompleteRegistration(node.seat);
        if (_seatOf[node.nodeAddress] != 0) revert NodeAddressTaken(node.nodeAddress);
        _seats.push(node.seat);
        _seatOf[node.nodeAddress] = node.seat;
        _registrations[node.seat] = node;
        emit NodeRegistered(node.seat, node.nodeAddress, node.url);
    }

    function _at(uint256 seat) private view returns (Registration storage node) {
        node = _registrations[seat];
        if (node.seat == 0) revert NoSuchSeat(seat);
    }

    function _seatOrRevert(address account) private view returns (uint256 seat) {
        seat = _seatOf[account];
        if (seat == 0) revert NotANode(account);
    }

    function _validator(uint256 seat) private view returns (Validator memory) {
        Registration storage node = _registrations[seat];
        uint256 key = uint256(node.x25519Key);
        return Validator(node.ip, node.ipv6, node.port, node.nodeAddress, 0, key, key);
    }

    function _number() private pure returns (uint256) {
        return 1;
    }

    function _threshold() private view returns (uint256) {
        return (2 * _seats.length) / 3 + 1;
    }
}
