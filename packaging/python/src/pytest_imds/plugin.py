"""The fixtures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from ._service import Imds


@pytest.fixture
def imds_factory() -> Iterator[Callable[..., Imds]]:
    """Starts metadata services, with the arguments of `Imds`; they end with the test."""
    with ExitStack() as stack:

        def start(**settings: Any) -> Imds:
            return stack.enter_context(Imds(**settings))

        yield start


@pytest.fixture
def imds(imds_factory: Callable[..., Imds]) -> Imds:
    """The metadata service of an instance with the role `my-role`."""
    return imds_factory(role="my-role")
