// No network can export another's keys: what moves is who may use them. For each listed key of an old network, mint a key here and grant
// it to the same actions, addresses and authentication methods with the same scopes; print which key became which.
//
// OLD.json is {"rpcUrl": "https://…", "PKPPermissions": "0x…"} of the old chain, which is only read. List a key before the keys that it
// owns or may use: its new address then takes the place of its old one there.
import { ethers } from 'ethers';

import { called, configuration, contractsOf, end, walletOf } from './votive.mjs';

const [file, privateKey, oldFile, ...tokens] = called('migrate-permissions.mjs network.json PRIVATE_KEY OLD.json TOKEN_ID…', 4);
const ECDSA = 2; // the key type: secp256k1
const ADDRESS = 1; // the types of authentication methods
const ACTION = 2;
const SIGN_ANYTHING = 1; // a scope
const SCOPES_READ = 32;

const method = 'tuple(uint256 authMethodType, bytes id, bytes userPubkey)';
const READ_PERMISSIONS = [
  'function getPkpNftAddress() view returns (address)',
  'function getEthAddress(uint256) view returns (address)',
  'function getPermittedActions(uint256) view returns (bytes[])',
  'function getPermittedAddresses(uint256) view returns (address[])',
  `function getPermittedAuthMethods(uint256) view returns (${method}[])`,
  'function getPermittedAuthMethodScopes(uint256, uint256, bytes, uint256) view returns (bool[])',
];

const network = configuration(file);
const wallet = walletOf(network, privateKey);
const { pkpNftContract: nft, pkpHelperContract: helper } = await contractsOf(network, wallet);
const { rpcUrl, PKPPermissions } = configuration(
  oldFile,
  ['rpcUrl', 'PKPPermissions'],
  `echo '{"rpcUrl": "https://…", "PKPPermissions": "0x…"}' > ${oldFile}`,
);
const oldChain = new ethers.providers.JsonRpcProvider(rpcUrl);
const permissions = new ethers.Contract(PKPPermissions, READ_PERMISSIONS, oldChain);
const nftAddress = await permissions.getPkpNftAddress().catch(() => end(`${oldFile}: no PKPPermissions at ${PKPPermissions} of ${rpcUrl}`));
const oldNft = new ethers.Contract(nftAddress, ['function ownerOf(uint256) view returns (address)'], oldChain);
const moved = new Map(); // old address of a key -> its new address

// Null if the token was burned. A call that fails otherwise is not taken for that.
const ownerOf = (token) =>
  oldNft.ownerOf(token).catch((error) => {
    if (error.code === ethers.errors.CALL_EXCEPTION) return null;
    throw error;
  });

// Everything that is permitted of a key: actions and addresses are methods, too, but not every contract lists them among these.
async function grantsOf(token, owner) {
  const found = (await permissions.getPermittedAuthMethods(token)).map(({ authMethodType, id, userPubkey }) => ({
    type: authMethodType.toNumber(),
    id,
    userPubkey,
  }));
  const actions = (await permissions.getPermittedActions(token)).map((id) => ({ type: ACTION, id, userPubkey: '0x' }));
  const addresses = (await permissions.getPermittedAddresses(token))
    .filter((address) => address !== owner)
    .map((address) => ({ type: ADDRESS, id: address.toLowerCase(), userPubkey: '0x' }));
  const grants = new Map([...actions, ...addresses, ...found].map((grant) => [`${grant.type} ${grant.id}`, grant]));
  for (const grant of grants.values()) {
    const present = await permissions.getPermittedAuthMethodScopes(token, grant.type, grant.id, SCOPES_READ);
    grant.scopes = present.flatMap((is, scope) => (is ? [scope] : []));
  }
  return [...grants.values()];
}

const isAddress = ({ type, id }, address) => type === ADDRESS && id.toLowerCase() === address.toLowerCase();

// A key that nobody owned stays one that nobody ever owned: it is minted, granted and burned in one transaction, or not at all.
async function mintForAction(grants) {
  if (!grants.length) throw new Error('never minted there, or burned with nothing permitted');
  const [{ type, id, scopes }, ...others] = grants;
  if (others.length || type !== ACTION || scopes.join() !== String(SIGN_ANYTHING)) {
    throw new Error('it was burned, but not with one action that may sign anything as all that is permitted');
  }
  return nft.write.mintGrantAndBurnNext(ECDSA, id, { value: await nft.read.mintCost() });
}

async function mintWith(grants, oldAddress, ownsItself) {
  const own = grants.find((grant) => isAddress(grant, oldAddress));
  if (own && own.scopes.join() !== String(SIGN_ANYTHING)) throw new Error('its own address is permitted, but not to sign anything');
  const others = grants.filter((grant) => grant !== own);
  return helper.write.mintNextAndAddAuthMethods(
    ECDSA,
    others.map(({ type }) => type),
    others.map(({ type, id }) => (type === ADDRESS && moved.get(id.toLowerCase())) || id),
    others.map(({ userPubkey }) => userPubkey),
    others.map(({ scopes }) => scopes),
    Boolean(own),
    ownsItself,
    { value: await nft.read.mintCost() },
  );
}

// The account that owned the key is the same here; a contract need not be.
async function handOver(token, owner) {
  const heir = moved.get(owner.toLowerCase()) ?? owner;
  if (heir === wallet.address) return heir;
  if ((await oldChain.getCode(owner)) !== '0x') return `${wallet.address}, for the contract ${owner}`;
  await (await nft.write.transferFrom(wallet.address, heir, token)).wait();
  return heir;
}

async function move(token) {
  const [owner, oldAddress] = [await ownerOf(token), await permissions.getEthAddress(token)];
  const grants = await grantsOf(token, owner);
  const sent = owner === null ? await mintForAction(grants) : await mintWith(grants, oldAddress, owner === oldAddress);
  const minted = (await sent.wait()).logs.find(({ topics }) => topics[0] === ethers.utils.id('PKPMinted(uint256,bytes)'));
  const newToken = minted.topics[1];
  const newAddress = await nft.read.getEthAddress(newToken);
  moved.set(oldAddress.toLowerCase(), newAddress);
  const heir = owner === null ? 'nobody' : owner === oldAddress ? newAddress : await handOver(newToken, owner);
  return [token, oldAddress, newToken, newAddress, heir, grants.length];
}

console.log(['old token', 'old address', 'new token', 'new address', 'owner', 'grants'].join('\t'));
for (const token of tokens) {
  try {
    console.log((await move(token)).join('\t'));
  } catch (error) {
    console.error(`${token}: not moved: ${error.reason ?? error.message}`);
    process.exitCode = 1;
  }
}
