"""Examples of questions and answers: files under openapi/examples, which a test sends and receives.

They are one place for all: served under `/openapi/examples/`, named by the OpenAPI document, and printed by
`--example` of the commands that take such a file. They lie in the source, beside openapi/v1.json.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from passports.errors import RecordNotFoundError

FOLDER: Final = Path(__file__).parents[1] / "openapi" / "examples"
ADDRESS: Final = "/openapi/examples"
REQUEST, RESPONSE = "request", "response"
_JSON: Final = "application/json"


@cache
def example_names() -> frozenset[str]:
    """Return the names of the files that are there, e.g. `post_batch.request.json`."""
    return frozenset(path.name for path in FOLDER.glob("*.json"))


def read_example(name: str) -> bytes:
    """Return an example as it lies there.

    Raises:
        RecordNotFoundError: there is none of this name.
    """
    if name not in example_names():  # a name, and never a path
        raise RecordNotFoundError("example", name, "GET /openapi/examples lists them.")
    return (FOLDER / name).read_bytes()


def name_examples(document: dict[str, Any]) -> None:
    """Name the examples in an OpenAPI document: at each body of JSON where the file is to be had."""
    for path in document["paths"].values():
        for operation in path.values():
            body = operation.get("requestBody", {}).get("content", {})
            _name(body, f"{operation['operationId']}.{REQUEST}.json", "What is asked")
            for status, answer in operation["responses"].items():
                if status.startswith("2"):
                    name = f"{operation['operationId']}.{RESPONSE}.json"
                    _name(answer.get("content", {}), name, "What is answered")
                    break


def _name(content: Mapping[str, Any], name: str, summary: str) -> None:
    if _JSON in content and name in example_names():
        linked = {"summary": summary, "externalValue": f"{ADDRESS}/{name}"}
        content[_JSON]["examples"] = {"example": linked}
