"""A model as an ONNX graph: one matrix of numbers, or one input per feature; probabilities or maps of them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from registry.backends.programs.failure import Refused

KINDS = {
    "tensor(float)": "float32",
    "tensor(double)": "float64",
    "tensor(int64)": "int64",
    "tensor(int32)": "int32",
    "tensor(bool)": "bool",
    "tensor(string)": "object",
}


@dataclass(frozen=True, slots=True)
class Graph:
    """A session of onnxruntime that answers a table."""

    session: Any

    def answer(self, table: Any) -> dict[str, Any]:
        """Return each output by name; raises Refused when the inputs are not those of the table."""
        named = [one.name for one in self.session.get_outputs()]
        return dict(zip(named, self.session.run(None, self._fed(table)), strict=True))

    def _fed(self, table: Any) -> dict[str, Any]:
        inputs = self.session.get_inputs()
        if len(inputs) == 1:
            return {inputs[0].name: _array(table, inputs[0])}
        if missing := sorted({one.name for one in inputs} - set(table.columns)):
            raise Refused(f"the graph takes the inputs {missing}, which are no features", code="missing_columns")
        return {one.name: _array(table[[one.name]], one) for one in inputs}


def _array(table: Any, wanted: Any) -> Any:
    if wanted.type not in KINDS:
        raise Refused(f"the graph takes a {wanted.type} as {wanted.name!r}, which a table is not", code="format")
    return table.to_numpy(dtype=KINDS[wanted.type])


def read(file: Path) -> Graph:
    """Read an ONNX file; raises Refused where onnxruntime is not installed. Custom operators are not registered."""
    try:
        import onnxruntime
    except ImportError as error:
        raise Refused(
            "onnxruntime is not installed here; it is in the extra probity[boost]", code="not_installed"
        ) from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return Graph(onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"]))
