"""The vocabulary of Votive: plain, frozen data that every other room may use.

Imports nothing but the standard library, msgspec and, when something is hashed, eth_hash (Keccak). ``docs/terms.md`` mirrors this
package, one word to one meaning.
"""
