"""Reads a node's configuration, once, from a TOML file and the environment.

Every field may be given in the file as ``[section] field`` or in the environment as ``VOTIVE_SECTION_FIELD``, which wins;
those of a chain that the file names in ``[chains.NAME]`` as ``VOTIVE_CHAINS_NAME_FIELD``. Relative paths are relative to the file.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from votive.node.config import Config, NamedChainSection, Section
from votive.node.config_rules import check
from votive.node.failure import StartFailure


def load(file: Path, environment: Mapping[str, str] = os.environ) -> Config:
    """Read ``file`` and ``environment`` into a ``Config``.

    Raises:
        StartFailure: naming the field, its value and what to do.
    """
    table = overlay(read_table(file), environment)
    table["base"] = str(file.resolve().parent)
    check_chains(file, table)
    try:
        config = msgspec.convert(table, Config)
    except msgspec.ValidationError as error:
        raise bad_field(file, table, str(error)) from error
    check(file, config)
    return config


def read_table(file: Path) -> dict[str, Any]:
    """Read the TOML table in ``file``."""
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise StartFailure.configuration(f"cannot read the configuration {file}: {error.strerror}. Give its path with --config.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise StartFailure.configuration(f"{file} is not valid TOML: {error}. Correct the line it names.") from error


def overlay(table: dict[str, Any], environment: Mapping[str, str]) -> dict[str, Any]:
    """Return ``table`` with every ``VOTIVE_SECTION_FIELD`` of ``environment`` laid over it."""
    result = {name: dict(value) if isinstance(value, dict) else value for name, value in table.items()}
    for section in msgspec.structs.fields(Config):
        if isinstance(section.type, type) and issubclass(section.type, Section):
            values = overlaid(result.get(section.name, {}), section.name, section.type, environment)
            result |= {section.name: values} if values else {}
    for name, values in list(named_chains(result).items()):
        result["chains"][name] = overlaid(values, f"chains_{name}", NamedChainSection, environment)
    return result


def overlaid(values: Any, prefix: str, section: type[Section], environment: Mapping[str, str]) -> Any:
    """Return ``values`` of one section with those of the environment laid over them."""
    texts = {field.name: environment.get(f"VOTIVE_{prefix}_{field.name}".upper()) for field in msgspec.structs.fields(section)}
    given = {name: toml_value(text) for name, text in texts.items() if text is not None}
    return {**values, **given} if isinstance(values, dict) else values


def named_chains(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return the tables under ``[chains]``; empty if there is none, or something else."""
    chains = table.get("chains", {})
    return chains if isinstance(chains, dict) else {}


def check_chains(file: Path, table: Mapping[str, Any]) -> None:
    """Read each named chain by itself, so that a complaint names it."""
    for name, values in named_chains(table).items():
        try:
            msgspec.convert(values, NamedChainSection)
        except msgspec.ValidationError as error:
            reason, _, where = str(error).partition(" - at ")
            raise bad_field(file, table, f"{reason} - at `$.chains.{name}{where.strip('`').removeprefix('$')}`") from error


def toml_value(text: str) -> Any:
    """Read ``text`` as a TOML value if it is one, else take it as a string."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def bad_field(file: Path, table: Mapping[str, Any], complaint: str) -> StartFailure:
    """Turn msgspec's complaint into one that names field, value and remedy."""
    reason, _, where = complaint.partition(" - at ")
    names = re.findall(r"[A-Za-z_]\w*", where)
    if missing := re.search(r"missing required field `(\w+)`", reason):
        field = ".".join([*names, missing[1]])
        return StartFailure.configuration(f"{field} is missing in {file}. Set it there, or as {variable_of(field)} in the environment.")
    if unknown := re.search(r"unknown field `(\w+)`", reason):
        field = ".".join([*names, unknown[1]])
        return StartFailure.configuration(f"{field} in {file} is not a field Votive knows. Correct its name or remove it.")
    field = ".".join(names)
    return StartFailure.configuration(
        f"{field} is {value_at(table, names)!r} in {file}: {reason[:1].lower()}{reason[1:]}. "
        f"Correct it there, or as {variable_of(field)} in the environment."
    )


def value_at(table: Any, names: list[str]) -> Any:
    """Follow ``names`` into ``table`` as far as it goes."""
    for name in names:
        if isinstance(table, Mapping) and name in table:
            table = table[name]
    return table


def variable_of(field: str) -> str:
    """Name the environment variable of ``section.field``."""
    return "VOTIVE_" + field.replace(".", "_").upper()
