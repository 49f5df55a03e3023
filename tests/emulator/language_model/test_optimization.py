"""The rate of each step."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import optax
import pytest

from emulator.language_model.optimization import learning_rates


@pytest.mark.parametrize("total_steps", [1, 45])
def test_the_rates_are_those_of_the_librarys_schedule(total_steps: int) -> None:
    warm_up = max(1, total_steps // 20)
    schedule = optax.warmup_cosine_decay_schedule(0.0, 1e-3, warm_up, max(total_steps, warm_up + 1), 0.02e-3)
    rates = learning_rates(1e-3, total_steps)
    assert rates.dtype == np.float32
    np.testing.assert_allclose(rates, schedule(jnp.arange(1, total_steps + 1)), rtol=1e-5)
