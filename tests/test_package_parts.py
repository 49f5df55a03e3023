from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tunestack.package_parts import import_in_parts

FILES = {
    "__init__.py": "",
    "api/__init__.py": (
        "from generated.api import version\n"
        "from .types import Model\n"
        "from .services.jobs import JobClient\n"
        "__all__ = ('JobClient', 'Model')\n"
        "RUNS = globals().get('RUNS', 0) + 1\n"
    ),
    "api/version.py": "",
    "api/types.py": "class Model: ...\n",
    "api/services/__init__.py": "",
    "api/services/jobs.py": "class JobClient: ...\n",
    "api/services/models.py": "from generated.api import types, version\nclass ModelClient:\n    takes = types.Model\n",
}


@pytest.fixture(autouse=True)
def _generated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, text in FILES.items():
        file = tmp_path / "generated" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    yield
    for name in [name for name in sys.modules if name.partition(".")[0] == "generated"]:
        del sys.modules[name]


def test_a_part_does_not_bring_the_rest() -> None:
    import_in_parts("generated.api")
    importlib.import_module("generated.api.services.models")
    assert not hasattr(importlib.import_module("generated.api"), "__wrapped__"), "as pytest looks at it"
    assert "generated.api.services.jobs" not in sys.modules


def test_a_name_is_looked_for_at_hand_first() -> None:
    import_in_parts("generated.api", "types")
    api = importlib.import_module("generated.api")
    assert api.Model is api.types.Model
    assert "generated.api.services" not in sys.modules


def test_whoever_asks_for_the_rest_gets_the_whole_package_once() -> None:
    import_in_parts("generated.api")
    part = importlib.import_module("generated.api.services.models")
    api = importlib.import_module("generated").api
    assert api is importlib.import_module("generated.api")
    assert api.JobClient.__name__ == "JobClient"
    assert api.Model is part.ModelClient.takes is api.types.Model
    assert api.services.models is part
    assert sorted(api.__all__) == ["JobClient", "Model"]
    assert api.RUNS == 1
    with pytest.raises(AttributeError, match="has no attribute 'Nothing'"):
        _ = api.Nothing
    assert api.RUNS == 1


def test_a_package_that_is_there_already_stays_as_it_is() -> None:
    api = importlib.import_module("generated.api")
    import_in_parts("generated.api")
    assert importlib.import_module("generated.api") is api
    assert api.RUNS == 1


def test_a_deployment_brings_two_services_of_vertex_ai() -> None:
    program = (
        "import sys; import tunestack.serving.aiplatform as a; a.EndpointServiceClient, a.ModelServiceClient, a.Model;"
        "print(*(name for name in sys.modules if name.endswith('_service.client')))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert {name.split(".")[-2] for name in done.stdout.split()} == {"endpoint_service", "model_service"}
