"""Reading Jupyter notebooks (nbformat 4): sources and the text that came out, without images."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, ValidationError

from shared.documents.extract import Block, Extract
from shared.documents.text.json import parse_json
from shared.documents.text.plain import MAX_BLOCKS, plain
from shared.models import Model

# A text, or its lines.
_Text = Annotated[str, BeforeValidator(lambda text: "".join(text) if _is_lines(text) else text)]


class _Data(Model):
    text: _Text = Field("", alias="text/plain")


class _Output(Model):
    text: _Text = ""
    data: _Data = _Data()
    ename: str = ""
    evalue: str = ""

    def words(self) -> str:
        error = ": ".join(filter(None, (self.ename, self.evalue)))
        return self.text or self.data.text or error


class _Cell(Model):
    source: _Text
    outputs: list[_Output] = []


class _Notebook(Model):
    cells: list[_Cell] = Field(max_length=MAX_BLOCKS)


def read_notebook(text: str) -> Extract:
    """The cells; places are `cell 3` and `cell 3, output`."""
    try:
        notebook = _Notebook.model_validate(parse_json(text))
    except (ValueError, ValidationError):
        return plain(text, "This file is not a proper notebook; it was read as plain text.")
    blocks = []
    for number, cell in enumerate(notebook.cells, 1):
        outputs = "\n".join(filter(None, (output.words() for output in cell.outputs)))
        for part, words in ((f"cell {number}", cell.source), (f"cell {number}, output", outputs)):
            if words.strip():
                blocks.append(Block(text=f"{words.rstrip()}\n\n", part=part))
    return Extract(blocks=blocks)


def _is_lines(text: Any) -> bool:
    return isinstance(text, list) and all(isinstance(line, str) for line in text)
