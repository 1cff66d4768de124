// Contracts of a few bytes of EVM code, deployed by the first account.
import { owner } from './votive.mjs';

const hex = (number, bytes) => BigInt(number).toString(16).padStart(2 * bytes, '0');

// Deploy `code`, hex without 0x; return the address.
export async function deployed(code) {
  const size = hex(code.length / 2, 2);
  const copies = `61${size}80600c6000396000f3`; // PUSH2 size DUP1 PUSH1 12 PUSH1 0 CODECOPY PUSH1 0 RETURN
  const { contractAddress } = await (await owner.sendTransaction({ data: `0x${copies}${code}` })).wait();
  return contractAddress;
}

// The code of a contract that answers every call with these words of 32 bytes.
export function saying(...words) {
  const stores = words.map((word, index) => `7f${hex(word, 32)}60${hex(32 * index, 1)}52`); // PUSH32 word PUSH1 place MSTORE
  return `${stores.join('')}60${hex(32 * words.length, 1)}6000f3`;
}
