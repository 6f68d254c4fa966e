"""The JSON Schemas of the two documents, for editors and for other people's checks.

`python -m connectors.schema` writes them; a test holds them to the models they are made from.
"""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import BaseModel

from connectors.evaluation import Evaluation
from connectors.source import Source

FOLDER = Path(__file__).parent / "schemas"
DOCUMENTS: dict[str, type[BaseModel]] = {
    "source.schema.json": Source,
    "evaluation.schema.json": Evaluation,
}


def render(model: type[BaseModel]) -> str:
    """The model's JSON Schema as text, the same on every machine."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **model.model_json_schema(by_alias=True, mode="validation"),
    }
    return json.dumps(schema, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def main() -> None:
    """Write both schemas beside this package's code."""
    FOLDER.mkdir(exist_ok=True)
    for name, model in DOCUMENTS.items():
        (FOLDER / name).write_text(render(model), "utf-8")


if __name__ == "__main__":
    main()
