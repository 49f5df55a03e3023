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
    _keep_freed_memory()
    import jax

    jax.config.update("jax_platforms", os.environ.get("JAX_PLATFORMS") or "cpu")
    # A cache that cannot be read or written costs a compilation, nothing else.
    warnings.filterwarnings("ignore", message="Error (reading|writing) persistent compilation cache")
    jax.config.update("jax_compilation_cache_dir", str(compilation_cache_folder()))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)


def _keep_freed_memory() -> None:
    """Tells glibc to reuse a training step's work space.

    Blocks of over 32 MB are otherwise returned to the system and faulted in again at every step: measured on 8 x 96 tokens,
    21 of 52 ms.
    """
    trim_threshold, mmap_threshold = -1, -3  # M_TRIM_THRESHOLD, M_MMAP_THRESHOLD in malloc.h
    with contextlib.suppress(AttributeError, OSError):
        libc = ctypes.CDLL(None)
        libc.mallopt(mmap_threshold, 1 << 30)
        libc.mallopt(trim_threshold, 1 << 29)
