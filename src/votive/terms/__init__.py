"""The vocabulary of Votive: plain, frozen data that every other room may use.

Imports nothing but the standard library and msgspec. ``docs/terms.md`` mirrors this package, one word to one meaning.
"""
