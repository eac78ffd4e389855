"""The trained network as an ONNX file: opset 17, weights as f16 with Casts, normalisation folded into convolutions."""

import hashlib
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from . import sample
from .net import CHANNELS, Veil


class Shipped(nn.Module):
    """The network as it ships: it answers 0..1, 0 outside the mask."""

    def __init__(self, net: Veil):
        super().__init__()
        self.net = net

    def forward(self, crop):
        return torch.sigmoid(self.net(crop)) * crop[:, 5:6]


def folded(module: nn.Module) -> nn.Module:
    """The module with each normalisation folded into the convolution before it."""
    for name, child in module.named_children():
        parts = list(child) if isinstance(child, nn.Sequential) else []
        if len(parts) >= 2 and isinstance(parts[0], nn.Conv2d) and isinstance(parts[1], nn.BatchNorm2d):
            setattr(module, name, nn.Sequential(fuse_conv_bn_eval(parts[0], parts[1]), *parts[2:]))
        elif parts:
            for k, part in enumerate(parts):
                inner = list(part) if isinstance(part, nn.Sequential) else []
                if len(inner) >= 2 and isinstance(inner[1], nn.BatchNorm2d):
                    child[k] = nn.Sequential(fuse_conv_bn_eval(inner[0], inner[1]), *inner[2:])
                else:
                    folded(part)
        else:
            folded(child)
    return module


def _halve(model: onnx.ModelProto) -> None:
    """Weights to f16, each with a Cast to f32 before it is used: half the file, the same arithmetic."""
    graph, casts = model.graph, []
    for weight in graph.initializer:
        if weight.data_type != TensorProto.FLOAT or np.prod(weight.dims) < 64:
            continue
        half = numpy_helper.from_array(numpy_helper.to_array(weight).astype(np.float16), weight.name + "_f16")
        casts.append(helper.make_node("Cast", [half.name], [weight.name], to=TensorProto.FLOAT))
        weight.CopyFrom(half)
    for cast in reversed(casts):
        graph.node.insert(0, cast)


def read_back(net: Veil, path: Path, crops: torch.Tensor) -> int:
    """Gives `net` the weights of an exported network, and returns how many arrays these were. Normalisation was folded away in
    that file: its means and spreads are measured anew on `crops` (n x 8 x 128 x 128), layer by layer, so that the answers
    stay the same."""
    initial = {w.name.removesuffix("_f16"): numpy_helper.to_array(w) for w in onnx.load(str(path)).graph.initializer}
    arrays = {name: torch.from_numpy(a.astype(np.float32)) for name, a in initial.items() if name.startswith("net.")}
    own, shifts, hooks = dict(net.named_parameters()), {}, []
    for name, array in arrays.items():
        name = name.removeprefix("net.")
        if name in own:
            own[name].data.copy_(array)
        else:
            # The shift of the normalisation that follows the convolution.
            layer, number, _ = name.rsplit(".", 2)
            shifts[f"{layer}.{int(number) + 1}"] = array

    def measure(layer, shift):
        def hook(_, inputs):
            mean, spread = inputs[0].mean((0, 2, 3)), inputs[0].var((0, 2, 3), unbiased=False)
            layer.running_mean.copy_(mean)
            layer.running_var.copy_(spread)
            layer.weight.data.copy_((spread + layer.eps).sqrt())
            layer.bias.data.copy_(mean + shift)

        return hook

    for name, layer in net.named_modules():
        if isinstance(layer, nn.BatchNorm2d):
            hooks.append(layer.register_forward_pre_hook(measure(layer, shifts[name])))
    with torch.no_grad():
        net.eval()(crops)
    for hook in hooks:
        hook.remove()
    return len(arrays)


def export(run: Path, out: Path, raw: bool) -> str:
    """Writes `run`'s network (its running mean, or with `raw` the last weights) to `out`; returns its SHA-256."""
    state = torch.load(run / "state.pt", weights_only=True)
    net = Veil()
    net.load_state_dict(state["net" if raw else "mean"])
    shipped = folded(Shipped(net).eval())
    x = torch.rand(1, CHANNELS, sample.SIDE, sample.SIDE)
    with torch.no_grad():
        wanted = shipped(x).numpy()
    part = out.with_suffix(".part")
    torch.onnx.export(shipped, (x,), str(part), opset_version=17, input_names=["crop"], output_names=["front"], dynamo=False)
    model = onnx.load(str(part))
    _halve(model)
    model.producer_name, model.producer_version = "omote veil", ""
    onnx.checker.check_model(model, full_check=True)
    part.write_bytes(model.SerializeToString())
    part.replace(out)
    import onnxruntime

    answer = onnxruntime.InferenceSession(str(out)).run(None, {"crop": x.numpy()})[0]
    worst = float(np.abs(answer - wanted).max())
    if not worst < 0.01:
        raise SystemExit(f"{out}: its answers differ from the trained network's by {worst}")
    digest = hashlib.sha256(out.read_bytes()).hexdigest()
    print(f"{out}: {out.stat().st_size} bytes, {len(model.graph.node)} nodes, off by {worst:.5f}, sha256 {digest}")
    return digest
