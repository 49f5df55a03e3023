"""A whole stack whose every remote call may fail, and how often; see run.py for many of them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from bootstrap import gcp_plugin
from bootstrap.cache import Cache
from bootstrap.local_stack import LocalStack
from tests.conftest import CHECKOUT
from tests.end_to_end.conftest import stack, vertex

__all__ = ["stack", "vertex"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--seeds", default="1", help="seeds of the failures, such as 1-10 or 7")
    parser.addoption("--share", type=float, default=0.1, help="which part of all calls fails")
    parser.addoption("--silent", action="store_true", help="let a few calls get no answer at all, besides")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seed" in metafunc.fixturenames:
        first, _, last = metafunc.config.getoption("--seeds", "1").partition("-")
        metafunc.parametrize("seed", range(int(first), int(last or first) + 1))


@pytest.fixture
def share(request: pytest.FixtureRequest) -> float:
    return float(request.config.getoption("--share", 0.1))


@pytest.fixture
def silent(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--silent", False))


@pytest.fixture
def chosen_plugin(stack: Any, pulumi_cli: Path, tmp_path: Path) -> str:
    """Puts in place the gcp plugin that $TUNESTACK_GCP_PLUGIN names, if it does; else the stand-in stays."""
    if not os.environ.get("TUNESTACK_GCP_PLUGIN"):
        return "stand-in"
    at = LocalStack(CHECKOUT, tmp_path / "pulumi")
    return gcp_plugin.provide(at, pulumi_cli / "pulumi", Cache.of_user(), os.environ)
