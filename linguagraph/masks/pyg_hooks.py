"""A PyG model's own forward pass -> its messages, seen or replaced on the way, by hooks.

:class:`Interception` is a context manager: inside, every message that a
``torch_geometric.nn.MessagePassing`` layer of the model sends passes through a visitor; on leaving,
also by an exception, all hooks and attributes are as before. Nothing else about the model changes.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from functools import lru_cache
from types import TracebackType
from typing import Any

import torch
from torch import Tensor, nn

from linguagraph.errors import MaskError
from linguagraph.masks.pyg_ids import EdgeIds, match_pairs

__all__ = [
    "Interception",
    "Sending",
    "attributes_kept",
    "message_passing_layers",
    "rows_first",
    "step_modules",
]


@dataclass
class Sending:
    """One propagation: what goes along one edge index in one call of one layer.

    Attributes:
        name: of the layer in the model; layer: the layer itself.
        group: number of the call of the outermost layer that it belongs to; together: whether that
            is a HeteroConv, whose layers work side by side.
        edge_index: int64 [2, M] as the layer propagates along it; size: node counts, if given.
        given: what the layer hands to ``propagate``, by name.
        edge: int64 [M], input edge of every column, -1 for messages that are the layer's own;
            ``None`` where the layer sends along an input edge index as it is (``root`` says which).
        root: number of that edge index, -1 where ``edge`` is given.
    """

    name: str
    layer: Any
    group: int
    together: bool
    edge_index: Tensor
    size: Sequence[int | None] | None
    given: dict[str, Any]
    edge: Tensor | None
    root: int

    @property
    def index(self) -> Tensor:
        """Rows of the sending and of the receiving node, int64 [2, M]."""
        forward = self.layer.flow == "source_to_target"
        return self.edge_index if forward else self.edge_index.flip(0)

    def states(self) -> tuple[Tensor | None, Tensor | None]:
        """States [Ns, ds] of the nodes that send and [Nt, dt] of those that receive.

        All values per node that the layer's ``message`` reads, side by side (names that end in
        ``_j`` and ``_i`` there; where a side has none, those of the other side if they fit).
        """
        bases = _node_arguments(type(self.layer).message)
        forward = self.layer.flow == "source_to_target"
        at = {"_j": 0, "_i": 1} if forward else {"_j": 1, "_i": 0}
        bipartite = self.size is not None and self.size[0] != self.size[1]
        found: list[Tensor | None] = []
        for side, other in (("_j", "_i"), ("_i", "_j")):
            chosen = bases[side] or ([] if bipartite and not self._paired() else bases[other])
            parts = [self._node_values(base, at[side]) for base in chosen]
            known = [part for part in parts if part is not None]
            found.append(_beside(known))
        return found[0], found[1]

    def _paired(self) -> bool:
        return any(isinstance(value, (tuple, list)) for value in self.given.values())

    def _node_values(self, name: str, row: int) -> Tensor | None:
        value = self.given.get(name)
        if isinstance(value, (tuple, list)):
            value = value[row] if len(value) == 2 else None
        if not isinstance(value, Tensor) or not value.is_floating_point():
            return None
        return rows_first(value, self.layer.node_dim).flatten(1)

    def attention(self, arguments: dict[str, Any], messages: int) -> Tensor | None:
        """The layer's own weight of each message (mean over heads), float [M], if it has any."""
        for value in (arguments.get("alpha"), getattr(self.layer, "_alpha", None)):
            if isinstance(value, Tensor) and value.shape[:1] == (messages,):
                return value.detach().flatten(1).mean(1) if value.dim() > 1 else value.detach()
        return None


Visitor = Callable[[Sending, dict[str, Any], Tensor], Tensor | None]
"""(sending, arguments of ``message``, messages as the layer made them) -> messages to send instead,
or ``None`` to leave them."""


class Interception(AbstractContextManager["Interception"]):
    """Hooks on all message passing layers of a model, for the length of a with-block.

    They do nothing before :meth:`begin`, so that one block may hold many passes. After each pass
    every attribute of every layer is what it was (a cache that the layer fills, say).

    Args:
        layers: :func:`message_passing_layers` of the model; steps: its :func:`step_modules`.
    """

    def __init__(
        self,
        layers: dict[str, nn.Module],
        steps: Sequence[nn.Module],
    ) -> None:
        self.layers, self.steps = layers, steps
        self.own = set(layers.values())
        self.roots: Sequence[Tensor] = ()
        self.visit: Visitor | None = None
        self.ids: EdgeIds | None = None
        self.first: Tensor | None = None
        self._reset()
        self._stack = ExitStack()

    def _reset(self) -> None:
        self.group, self.depth, self.together = -1, 0, False
        self.last: nn.Module | None = None
        self.current: list[Sending] = []
        self.replaced: tuple[nn.Module, Any] | None = None

    @contextmanager
    def begin(
        self,
        roots: Sequence[Tensor],
        visit: Visitor,
        *,
        follow: bool = True,
        first: Tensor | None = None,
    ) -> Iterator[None]:
        """Show the messages of one pass.

        Args:
            roots: the input edge indices of the batch, int64 [2, E_k] each, numbered one after the
                other.
            visit: sees every message.
            follow: track the layers' own rewriting of the graph; not needed for a model known to
                send along its input edges as they are.
            first: messages of the very first propagation if they are known: nothing that is masked
                comes before it, and they are not computed again.
        """
        self._reset()
        self.roots, self.visit, self.first = roots, visit, first
        self.ids = EdgeIds(roots) if follow else None
        try:
            with attributes_kept(self.own), self.ids or nullcontext():
                yield
        finally:
            self.visit, self.first, self.roots = None, None, ()

    def __enter__(self) -> Interception:
        with ExitStack() as stack:
            for name, layer in self.layers.items():
                stack.callback(setattr, layer, "fuse", layer.fuse)
                layer.fuse = False  # type: ignore[assignment]  # a fused one shows no messages
                for handle in (
                    layer.register_propagate_forward_pre_hook(self._propagating(name)),  # type: ignore[operator]
                    layer.register_propagate_forward_hook(self._propagated),  # type: ignore[operator]
                    layer.register_message_forward_hook(self._message),  # type: ignore[operator]
                ):
                    stack.callback(handle.remove)
            for module in self.steps:
                stack.callback(module.register_forward_pre_hook(self._entering).remove)
                left = module.register_forward_hook(self._leaving, always_call=True)
                stack.callback(left.remove)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def _entering(self, module: nn.Module, args: Any) -> None:
        if self.depth == 0:
            self.group += 1
            self.together = module not in self.own
        self.depth += 1

    def _leaving(self, module: nn.Module, args: Any, output: Any) -> None:
        self.depth -= 1

    def _propagating(self, name: str) -> Callable[[nn.Module, Any], None]:
        def note(layer: nn.Module, inputs: Any) -> None:
            if self.visit is None:
                return
            edge_index, size, given = inputs
            if not isinstance(edge_index, Tensor) or edge_index.layout is not torch.strided:
                raise MaskError(
                    f"layer {name!r} propagates along a sparse matrix, whose entries have no edge "
                    "ids; give the model edge_index [2, E] instead of adj_t"
                )
            if getattr(layer, "decomposed_layers", 1) > 1:
                raise MaskError(
                    f"layer {name!r} has decomposed_layers > 1; set it to 1, so that each edge "
                    "sends one message"
                )
            if self.depth == 0 and layer is not self.last:  # forward called without __call__
                self.group, self.together = self.group + 1, False
            self.last = layer if self.depth == 0 else None
            edge, root = self._edges(edge_index, name)
            if self.first is not None:
                known, self.first = self.first, None
                self.replaced = (layer, vars(layer).get("message"))
                vars(layer)["message"] = lambda **arguments: known
            self.current.append(
                Sending(
                    name,
                    layer,
                    self.group,
                    self.together,
                    edge_index,
                    size,
                    dict(given),
                    edge,
                    root,
                )
            )

        return note

    def _edges(self, edge_index: Tensor, name: str) -> tuple[Tensor | None, int]:
        for number, root in enumerate(self.roots):
            if edge_index is root:
                return None, number
        found = None if self.ids is None else self.ids.of(edge_index)
        if found is None:
            found = match_pairs(edge_index, self.roots, name=name)
        return found, -1

    def _propagated(self, layer: nn.Module, inputs: Any, output: Any) -> None:
        if self.current:
            self.current.pop()

    def _message(self, layer: nn.Module, inputs: Any, messages: Any) -> Tensor | None:
        if self.visit is None:
            return None
        sending = self.current[-1]
        if self.replaced is not None and self.replaced[0] is layer:
            vars(layer).pop("message", None)
            if self.replaced[1] is not None:
                vars(layer)["message"] = self.replaced[1]
            self.replaced = None
        if not isinstance(messages, Tensor):
            raise MaskError(
                f"layer {sending.name!r} sends {type(messages).__name__}; a gate needs one tensor "
                "of messages"
            )
        return self.visit(sending, inputs[0], messages)


@contextmanager
def attributes_kept(layers: Iterable[nn.Module]) -> Iterator[None]:
    """Give layers back every attribute as it was; caches of graphs are empty within the block."""
    before = [(layer, dict(vars(layer))) for layer in layers]
    try:
        for layer, attributes in before:
            for name in attributes:
                if name.startswith("_cached"):  # the normalised graph of another batch, maybe
                    vars(layer)[name] = None
        yield
    finally:
        for layer, attributes in before:
            now = vars(layer)
            same = now.keys() == attributes.keys()
            if not (same and all(now[name] is value for name, value in attributes.items())):
                now.clear()
                now.update(attributes)


def message_passing_layers(model: nn.Module) -> dict[str, nn.Module]:
    """Layers of a model that send messages, by name, each object once.

    Raises:
        MaskError: there is none, or torch_geometric is not installed.
    """
    try:
        from torch_geometric.nn import MessagePassing
    except ImportError as error:
        raise MaskError(
            "models of other people need torch_geometric: pip install 'linguagraph[pyg]'"
        ) from error
    found = {
        name or type(model).__name__: module
        for name, module in model.named_modules()
        if isinstance(module, MessagePassing)
    }
    if not found:
        raise MaskError(
            f"{type(model).__name__} has no torch_geometric.nn.MessagePassing layer, so that it "
            "sends no messages along edges; masks are for models that do (a dense adjacency "
            "matrix has no messages to gate)"
        )
    return found


@lru_cache(maxsize=256)
def _node_arguments(message: Callable[..., Any]) -> dict[str, list[str]]:
    """Names that ``message`` reads per sending (``_j``) and per receiving node (``_i``)."""
    names = list(inspect.signature(message).parameters)
    return {side: [n[:-2] for n in names if n.endswith(side)] for side in ("_j", "_i")}


def rows_first(values: Tensor, dim: int) -> Tensor:
    """Values with the node or edge dimension in front, at least two-dimensional."""
    if values.dim() == 1:
        return values.unsqueeze(-1)
    return values.movedim(dim, 0) if values.dim() > abs(dim) - (dim >= 0) else values


def _beside(parts: list[Tensor]) -> Tensor | None:
    if not parts:
        return None
    if len(parts) == 1:
        return parts[0]
    return torch.cat(parts, -1)


def step_modules(model: nn.Module, layers: dict[str, nn.Module]) -> list[nn.Module]:
    """Modules whose call is one step of message passing: layers, and HeteroConv around them."""
    from torch_geometric.nn import HeteroConv

    own = list(dict.fromkeys(layers.values()))
    return [m for m in model.modules() if isinstance(m, HeteroConv)] + own
