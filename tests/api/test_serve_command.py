"""`voltpass serve` tells its address, and that of the printed links where it is another."""

from pathlib import Path

import pytest

from api.serving import free_port
from tests.api.command_line import invoke


@pytest.fixture(autouse=True)
def _no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the command end where the server would begin."""
    monkeypatch.setattr("api.serving.run_server", lambda *_arguments: None)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose keys the first server makes."""
    return tmp_path_factory.mktemp("served") / "home"


@pytest.mark.parametrize("same", [True, False])
def test_another_address_in_printed_links_is_told_at_the_start(home: Path, *, same: bool) -> None:
    port = free_port()
    links = f"http://127.0.0.1:{port if same else 8000}"
    done = invoke("serve", "--port", str(port), home=home, VOLTPASS_PUBLIC_URL=links)
    said = [f"serving on http://127.0.0.1:{port}", f"printed links say {links}"]
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == said[: 1 if same else 2]
