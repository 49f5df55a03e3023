"""JAX, set up to stay quiet, on the processor, and to compile each program once per user."""

from __future__ import annotations

import contextlib
import ctypes
import os
import warnings
from functools import cache
from pathlib import Path

import platformdirs


def compilation_cache_folder() -> Path:
    """Where compiled programs are kept: $TUNESTACK_JAX_CACHE, else the user's cache folder."""
    return Path(os.environ.get("TUNESTACK_JAX_CACHE") or platformdirs.user_cache_path("tunestack") / "jax")


@cache
def prepare() -> None:
    """Configures JAX for this process. Called before the first use of an array; later calls do nothing.

    Only $JAX_PLATFORMS makes it use anything but the processor: an accelerator in the machine is not ours to take.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    _keep_work_space()
    import jax

    settings = {
        "jax_platforms": os.environ.get("JAX_PLATFORMS") or "cpu",
        "jax_compilation_cache_dir": str(compilation_cache_folder()),
        "jax_persistent_cache_min_compile_time_secs": 0.0,
        "jax_persistent_cache_min_entry_size_bytes": -1,
    }
    for name, value in settings.items():
        jax.config.update(name, value)  # type: ignore[no-untyped-call]
    # A cache that cannot be read or written costs a compilation, nothing else.
    warnings.filterwarnings("ignore", message="Error (reading|writing) persistent compilation cache")


def _keep_work_space() -> None:
    """Has glibc reuse a training step's work space instead of returning it to the system and faulting it in again.

    It returns every block of over 32 MB, and of over 64 MB outside its main arena whatever it is told. That was 47 of
    125 ms of processor time for a step of 2 x 512 tokens.
    """
    trim_threshold, mmap_threshold, arena_max = -1, -3, -8  # M_… in malloc.h.
    with contextlib.suppress(AttributeError, OSError, TypeError):  # Another C library, or none to be found.
        allocator = ctypes.CDLL(None)
        allocator.mallopt(mmap_threshold, 1 << 29)
        allocator.mallopt(trim_threshold, 1 << 29)
        allocator.mallopt(arena_max, 1)
