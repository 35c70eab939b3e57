"""Where third-party schemas and vectors lie; tests that need them are skipped where they do not."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("VOLTPASS_SHARED", ROOT.parent / "shared"))
