"""Whatever these programs do stays on this machine."""

from __future__ import annotations

import json

import pytest
from tests.conformance.conftest import Sdk
from tests.conformance.sdk import HERE

STRAYED = 97


@pytest.mark.parametrize("way", ["fetch", "http", "connect", "name"])
def test_a_program_that_tries_another_host_fails_even_if_it_hides_the_error(sdk: Sdk, way: str) -> None:
    process = sdk.start("stray.mjs", way)
    out, err = process.communicate(timeout=30)
    assert out.startswith("only this machine may be reached, not ")
    assert "strayed: " in err
    assert process.returncode == STRAYED


def test_the_lock_pins_every_package_by_its_hash_and_names_no_address_to_get_it_from() -> None:
    packages = json.loads((HERE / "package-lock.json").read_text())["packages"]
    installed = {name: package for name, package in packages.items() if name}
    assert installed
    assert not any("resolved" in package for package in installed.values())
    assert all(package["integrity"].startswith("sha512-") for package in installed.values())


def test_the_sdk_is_of_the_version_that_votive_promises() -> None:
    wanted = json.loads((HERE / "package.json").read_text())["dependencies"]
    installed = json.loads((HERE / "package-lock.json").read_text())["packages"]
    assert {name: installed[f"node_modules/{name}"]["version"] for name in wanted} == wanted
    assert wanted["@lit-protocol/lit-node-client-nodejs"] == "7.4.0"
