"""The JSON Schemas of the three kinds of files: what editors complete, explain and check by."""

import json
from collections.abc import Mapping

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, JsonSchemaValue
from pydantic_core import CoreSchema

from translator.glossary import GlossaryFile
from translator.settings.models import PairsFile
from translator.settings.operator import EnginesFile

FILES: Mapping[str, type[BaseModel]] = {
    "language_pairs.json": PairsFile,
    "engines.json": EnginesFile,
    "glossary.json": GlossaryFile,
}


def schemas() -> Mapping[str, str]:
    """Each schema's text by the name of its file."""
    return {
        name: json.dumps(
            model.model_json_schema(schema_generator=_Generator), indent=2, ensure_ascii=False
        )
        + "\n"
        for name, model in FILES.items()
    }


class _Generator(GenerateJsonSchema):
    """Names the dialect, and leaves out titles, which only repeat the keys."""

    def generate(self, schema: CoreSchema, mode: JsonSchemaMode = "validation") -> JsonSchemaValue:
        return {"$schema": self.schema_dialect, **super().generate(schema, mode=mode)}

    def field_title_should_be_set(self, schema: object) -> bool:
        return False
