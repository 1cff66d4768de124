// Session signatures of a wallet, what a narrow one does not reach, and a capacity delegation beside it.
import { LitActionResource, LitPKPResource } from '@lit-protocol/auth-helpers';
import { ethers } from 'ethers';

import { RUNNING, SIGNING, network, owner, permitted, refusal, run, sessionOf } from './votive.mjs';

const toSign = ethers.utils.arrayify(ethers.utils.id('a session'));
const [key, another] = [network.key, network.another_key];
const code = `Lit.Actions.setResponse({ response: Lit.Auth.authSigAddress })`;

await run(async (client) => {
  const everything = await sessionOf(client, owner);
  const runsOnly = await sessionOf(client, owner, [RUNNING]);
  const signsOnly = await sessionOf(client, owner, [SIGNING]);
  const oneKey = await sessionOf(client, owner, [{ ...SIGNING, resource: new LitPKPResource(key.token_id.slice(2)) }]);
  const oneAction = await sessionOf(client, owner, [{ ...RUNNING, resource: new LitActionResource(network.nowhere_cid) }]);

  const { capacityDelegationAuthSig } = await client.createCapacityDelegationAuthSig({
    uses: '3',
    dAppOwnerWallet: permitted,
    delegateeAddresses: [owner.address],
  });
  const delegated = await sessionOf(client, owner, [SIGNING, RUNNING], { capabilityAuthSigs: [capacityDelegationAuthSig] });

  const sign = (pubKey, sessionSigs) => client.pkpSign({ toSign, pubKey, sessionSigs });
  return {
    nodes: Object.keys(everything).sort(),
    ran: (await client.executeJs({ code, sessionSigs: runsOnly })).response,
    signed: {
      everything: (await sign(key.public_key, everything)).publicKey,
      signsOnly: (await sign(key.public_key, signsOnly)).publicKey,
      oneKey: (await sign(key.public_key, oneKey)).publicKey,
      delegated: (await sign(key.public_key, delegated)).publicKey,
    },
    capabilities: JSON.parse(Object.values(delegated)[0].signedMessage).capabilities.length,
    refused: {
      signWithRunsOnly: await refusal(sign(key.public_key, runsOnly)),
      runWithSignsOnly: await refusal(client.executeJs({ code, sessionSigs: signsOnly })),
      anotherKey: await refusal(sign(another.public_key, oneKey)),
      anotherAction: await refusal(client.executeJs({ code, sessionSigs: oneAction })),
    },
  };
});
