// Attacks that go through the SDK's own interface, each beside what an honest application does in the same place.
import { LitPKPResource, createSiweMessageWithRecaps, generateAuthSig } from '@lit-protocol/auth-helpers';
import { LitContracts } from '@lit-protocol/contracts-sdk';
import { EthWalletProvider } from '@lit-protocol/lit-auth-client';
import { ethers } from 'ethers';
import { SiweMessage } from 'siwe';
import { Recap } from 'siwe-recap';

import { RUNNING, SIGNING, network, owner, permitted, refusal, run, sessionOf, soon } from './votive.mjs';

const [EVERYTHING, PERSONAL] = [1, 2];
const GOOGLE_JWT = 6;
const ORDER = ethers.BigNumber.from('0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141');
const { key, another_key: another } = network;
const digest = () => ethers.utils.randomBytes(32);
const only = ({ token_id }) => [{ ...SIGNING, resource: new LitPKPResource(token_id.slice(2)) }];
const signs = `(async () => { await Lit.Actions.signEcdsa({ toSign, publicKey, sigName: 'sig' }); })()`;

async function idToken(sub, aud) {
  const request = { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ sub, aud }) };
  return (await (await fetch(`${network.issuer}/token`, request)).json()).id_token;
}

// A capability as the owner's wallet signs it, with rights and statement of the attacker's choice.
async function capability(client, uri, rights, statement) {
  const recap = new Recap();
  for (const [resource, namespace, name] of rights) recap.addAttenuation(resource, namespace, name);
  const message = new SiweMessage({
    domain: 'localhost',
    address: owner.address,
    uri,
    version: '1',
    chainId: 1,
    nonce: await client.getLatestBlockhash(),
    expirationTime: soon(),
  });
  const whole = recap.add_to_siwe_message(message);
  if (statement) whole.statement = statement;
  return generateAuthSig({ signer: owner, toSign: whole.prepareMessage() });
}

await run(async (client) => {
  client._blockHashUrl = network.blockhash_url;
  const contracts = new LitContracts({ ...network.contracts, signer: owner });
  await contracts.connect();
  const nft = contracts.pkpNftContractUtils.write;
  const permissions = contracts.pkpPermissionsContract.write;
  const mined = async (sent) => (await sent).wait();

  const sessionSigs = await sessionOf(client, owner);
  const sign = (pubKey, sigs = sessionSigs, toSign = digest()) => client.pkpSign({ toSign, pubKey, sessionSigs: sigs });
  const signed = (...words) => sign(...words).then(({ publicKey }) => `0x${publicKey}`);
  const refused = (...words) => refusal(sign(...words));
  // A session that asks for everything, on a capability that its owner meant otherwise.
  const sessionOn = (make) => sessionOf(client, owner, [SIGNING, RUNNING], { authNeededCallback: ({ uri }) => make(uri) });
  const found = {};

  // Over-broad resources
  const narrow = await sessionOn(async (uri) => {
    const place = { uri, expiration: soon(), walletAddress: owner.address, domain: 'localhost' };
    const rest = { resources: only(key), nonce: await client.getLatestBlockhash(), litNodeClient: client };
    return generateAuthSig({ signer: owner, toSign: await createSiweMessageWithRecaps({ ...place, ...rest }) });
  });
  const { capabilities } = JSON.parse(Object.values(sessionSigs)[0].signedMessage);
  const runs = await sessionOf(client, owner, [RUNNING]);
  found.broad = {
    honest: await signed(key.public_key, narrow),
    beyondItsCapability: await refused(another.public_key, narrow),
    anyAbilityElsewhere: await refused(
      key.public_key,
      await sessionOn((uri) => capability(client, uri, [['lit-litaction://*', '*', '*']])),
    ),
    anyResource: await refused(key.public_key, await sessionOn((uri) => capability(client, uri, [['*://*', 'Threshold', 'Signing']]))),
    untold: await refused(
      key.public_key,
      await sessionOn((uri) => capability(client, uri, [['lit-pkp://*', 'Threshold', 'Signing']], 'Sign in to see kittens.')),
    ),
    context: await refused(
      key.public_key,
      await sessionOn((uri) =>
        capability(client, uri, [['lit-pkp://*', 'Threshold', 'Signing'], ['lit-resolvedauthcontext://*', 'Auth', 'Auth']])),
    ),
    stolen: await refused(key.public_key, await sessionOn(() => capabilities[0])),
    throughAnAction: await refusal(
      client.executeJs({ code: signs, jsParams: { toSign: [...digest()], publicKey: key.public_key }, sessionSigs: runs }),
    ),
  };

  // A session signature at another node, and one name for two requests
  const at = (node, signedFor) => {
    const { connectedNodes } = client;
    client.connectedNodes = new Set([node]);
    const asked = client.executeJs({ code: '1', sessionSigs: { [node]: sessionSigs[signedFor] }, useSingleNode: true });
    client.connectedNodes = connectedNodes;
    return asked.then(() => null, ({ info }) => info.errorCode);
  };
  found.replayed = [];
  for (const node of network.nodes) found.replayed.push(await Promise.all(network.nodes.map((other) => at(node, other))));
  const { _getNewRequestId: named } = client;
  client._getNewRequestId = () => `c0ffee${key.token_id.slice(-16)}`;
  const [first, second] = [digest(), digest()];
  const made = [];
  for (const toSign of [first, first, second]) made.push((await sign(key.public_key, sessionSigs, toSign)).signature);
  found.sameName = {
    again: made[0] === made[1],
    signers: [first, second].map((toSign, place) => ethers.utils.recoverAddress(toSign, made[place + 1])),
  };
  client._getNewRequestId = named;

  // A burned key, by sessions from before
  const { pkp } = await nft.mint();
  const before = await sessionOf(client, owner, [SIGNING]);
  const publicKey = `0x${pkp.publicKey}`;
  const open = async () => client.getPkpSessionSigs({
    pkpPublicKey: publicKey,
    authMethods: [await EthWalletProvider.authenticate({ signer: owner, litNodeClient: client })],
    chain: 'ethereum',
    expiration: soon(),
    resourceAbilityRequests: [SIGNING],
  });
  await mined(permissions.addPermittedAddress(pkp.tokenId, pkp.ethAddress, [EVERYTHING]));
  found.burned = { publicKey, honest: [await signed(publicKey, before), await signed(publicKey, await open())] };
  await mined(contracts.pkpNftContract.write.burn(pkp.tokenId));
  Object.assign(found.burned, {
    owner: await refused(publicKey, before),
    session: await refusal(open()),
    grant: await refusal(contracts.addPermittedAction({ ipfsId: network.published_cid, pkpTokenId: pkp.tokenId })),
  });

  // Scopes that were taken away with what they belonged to
  const permit = (scopes) => mined(permissions.addPermittedAddress(another.token_id, permitted.address, scopes));
  const permitteds = await sessionOf(client, permitted);
  await permit([EVERYTHING]);
  found.stale = { publicKey: another.public_key, honest: await signed(another.public_key, permitteds) };
  await mined(permissions.removePermittedAddress(another.token_id, permitted.address));
  await permit([]);
  found.stale.without = await refused(another.public_key, permitteds);
  await mined(permissions.removePermittedAddress(another.token_id, permitted.address));
  await permit([PERSONAL]);
  found.stale.personal = await refused(another.public_key, permitteds);

  // One node's signature, many times over; and the same one in its other form
  const claim = async (sub, aud, use) => client.claimKeyId({
    authMethod: { authMethodType: GOOGLE_JWT, accessToken: await idToken(sub, aud) },
    signer: owner,
    mintCallback: async (claimed) => (use ? use(claimed) : ''),
  });
  const twin = ({ r, s, v }) => ({ r, s: ethers.utils.hexZeroPad(ORDER.sub(s).toHexString(), 32), v: 55 - v });
  const mint = ({ derivedKeyId, signatures }, chosen) =>
    nft.claimAndMint(`0x${derivedKeyId}`, chosen(signatures)).then(({ tokenId }) => tokenId);
  found.duplicates = {};
  await claim(`twice-${Date.now()}`, 'app-1', async (claimed) => {
    Object.assign(found.duplicates, {
      one: await refusal(mint(claimed, ([one]) => [one, one, one])),
      twins: await refusal(mint(claimed, ([one, two]) => [one, twin(one), two])),
      few: await refusal(mint(claimed, ([one, two]) => [one, two])),
      none: await refusal(mint(claimed, () => [])),
      honest: (await mint(claimed, ([one, two, three]) => [three, one, two])) !== undefined,
    });
    return '';
  });

  // Names of keys that could be taken for each other
  const claims = `(async () => {
    await Lit.Actions.claimKey({ keyId });
    Lit.Actions.setResponse({ response: Lit.Auth.actionIpfsIds[0] });
  })()`;
  const claimed = (code, keyId) => client.executeJs({ code, jsParams: { keyId }, sessionSigs: runs });
  const [mine, others] = [await claimed(claims, 'treasury'), await claimed(`${claims};`, 'treasury')];
  found.confused = {
    actions: [mine, others].map(({ claims: { treasury } }) => treasury.derivedKeyId),
    userAsAction: await refusal(claim(mine.response, 'treasury')),
    userWithColon: await refusal(claim('ann:app-1', 'x')),
    users: [(await claim('ann', 'app-1:x')).claimedKeyId, (await claim('ann', 'app-1')).claimedKeyId],
  };
  return found;
});
