// PKPEthersWallet: a key of the network as an ethers signer, by session signatures and through a Lit Action.
import { PKPEthersWallet } from '@lit-protocol/pkp-ethers';
import { ethers } from 'ethers';

import { network, owner, provider, run, sessionOf } from './votive.mjs';

const domain = { name: 'Ether Mail', version: '1', chainId: 31337, verifyingContract: '0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC' };
const types = { Person: [{ name: 'name', type: 'string' }, { name: 'wallet', type: 'address' }] };
const value = { name: 'Bob', wallet: '0xbBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB' };
const litActionCode = `(async () => { await Lit.Actions.signEcdsa({ toSign, publicKey, sigName }); })();`;

async function signAll(wallet) {
  const before = await provider.getBalance(wallet.address);
  const transaction = { to: owner.address, value: ethers.utils.parseEther('0.01'), gasLimit: 21000, chainId: 31337 };
  const sent = await (await wallet.sendTransaction(transaction)).wait();
  const gasPrice = ethers.utils.parseUnits('2', 'gwei');
  const raw = await wallet.signTransaction({ ...transaction, from: wallet.address, nonce: 1, gasPrice });
  return {
    address: wallet.address,
    message: ethers.utils.verifyMessage('hello', await wallet.signMessage('hello')),
    typed: ethers.utils.verifyTypedData(domain, types, value, await wallet._signTypedData(domain, types, value)),
    transaction: ethers.utils.parseTransaction(raw).from,
    sent: { from: ethers.utils.getAddress(sent.from), status: sent.status },
    spent: before.gt(await provider.getBalance(wallet.address)),
  };
}

await run(async (litNodeClient) => {
  const controllerSessionSigs = await sessionOf(litNodeClient, owner);
  const common = { litNodeClient, pkpPubKey: network.key.public_key, rpc: network.client.rpcUrl, controllerSessionSigs };
  await (await owner.sendTransaction({ to: network.key.eth_address, value: ethers.utils.parseEther('1') })).wait();
  const direct = new PKPEthersWallet(common);
  const throughAction = new PKPEthersWallet({ ...common, litActionCode, litActionJsParams: {} });
  for (const wallet of [direct, throughAction]) await wallet.init();
  throughAction.pkpBase.useAction = true; // this version of the SDK takes litActionCode and forgets to use it
  return { direct: await signAll(direct), throughAction: await signAll(throughAction) };
});
