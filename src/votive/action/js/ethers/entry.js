// What an action finds as the global `ethers`: the whole of ethers v5, as Lit Actions have it.
import { ethers } from "ethers";

Object.defineProperty(globalThis, "ethers", { value: ethers, writable: true, enumerable: false, configurable: true });
delete globalThis._ethers;
