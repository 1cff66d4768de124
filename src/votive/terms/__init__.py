"""The vocabulary of Votive: plain, frozen data that every other room may use.

Imports nothing but the standard library, msgspec, and two libraries of pure functions: rfc8785 (canonical JSON) and eth_hash
(Keccak). ``docs/terms.md`` mirrors this package, one word to one meaning.
"""
