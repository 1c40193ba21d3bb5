"""The net of bags in plain PyTorch, padded and masked, with the weights that tests/train/bag_net_test.cpp wrote: the same logits,
attention, loss gradients, and captum's integrated gradients.

usage: check_bag_net.py FOLDER      FOLDER/<case>.safetensors: the state dict, and the tensors input.* and output.*
"""

import math
import sys
from pathlib import Path

try:
    import torch
    from safetensors import safe_open
    from torch import nn
except ImportError:
    sys.exit(3)

torch.set_num_threads(1)


def mlp(*sizes, activation):
    layers = []
    for a, b in zip(sizes, sizes[1:]):
        layers += [nn.Linear(a, b), activation()]
    return nn.Sequential(*layers)


class Layers(nn.Module):
    def __init__(self, layers):
        super().__init__()
        self.layers = layers

    def forward(self, x):
        return self.layers(x)


class Aggregation(nn.Module):
    def __init__(self, kind, width, hidden, heads, layers, as_published):
        super().__init__()
        self.kind, self.as_published = kind, as_published

        def score():
            return Layers(nn.Sequential(nn.Linear(width, hidden), nn.Tanh(), nn.Linear(hidden, 1)))

        if kind == "nonlinear-attention":
            self.attention_model = score()
        if kind == "gated-attention":
            self.u, self.v = score(), score()
        if kind.startswith("transformer"):
            layer = nn.TransformerEncoderLayer(width, heads, 2 * width, 0.0, "relu", batch_first=True)
            self.transformer = nn.TransformerEncoder(layer, layers)

    def forward(self, z, mask):  # z [bags, padded, width], mask [bags, padded]: real cells
        keep = mask.unsqueeze(-1).to(z.dtype)
        if self.kind == "mean":
            return (z * keep).sum(1) / keep.sum(1), keep / keep.sum(1, keepdim=True)
        if self.kind == "sum":
            return (z * keep).sum(1), keep / keep.sum(1, keepdim=True)
        if self.kind.startswith("transformer"):
            total = (self.transformer(z, src_key_padding_mask=~mask) * keep).sum(1)
            return (total if self.kind == "transformer" else total / keep.sum(1)), None
        if self.kind == "linear-attention":
            score = z
        elif self.kind == "nonlinear-attention":
            score = self.attention_model(z)
        else:
            score = self.u(z) * torch.sigmoid(self.v(z))
        if not self.as_published:
            score = score.masked_fill(~mask.unsqueeze(-1), -math.inf)
        w = torch.softmax(score, 1)
        return (w * z).sum(1), w


class PaSCient(nn.Module):
    def __init__(self, o):
        super().__init__()
        width, patient = int(o["width"]), int(o["patient_width"])
        sizes = (int(o["n_genes"]), width)
        self.gene2cell_encoder = Layers(
            nn.Sequential(nn.Linear(*sizes)) if o["cell_encoder"] == "linear" else mlp(*sizes, width, activation=nn.PReLU)
        )
        self.cell2patient_aggregation = Aggregation(
            o["aggregator"], width, int(o["attention_width"]), int(o["heads"]), int(o["layers"]), o["as_published_code"] == "1"
        )
        self.patient_encoder = Layers(mlp(width, patient, patient, activation=nn.PReLU))
        self.patient_predictor = Layers(nn.Sequential(nn.Linear(patient, int(o["n_classes"]))))

    def forward(self, x, mask):
        e, w = self.cell2patient_aggregation(self.gene2cell_encoder(x), mask)
        self.weights = w
        return self.patient_predictor(self.patient_encoder(e))


def close(name, ours, theirs, tolerance, at_least=1e-30):
    theirs = theirs.reshape(ours.shape).to(torch.float64)
    off = (ours.to(torch.float64) - theirs).abs().max().item()
    largest = max(theirs.abs().max().item(), at_least)
    assert off <= tolerance * largest, f"{name}: off by {off} of {largest}"


def padded(x, offsets, size):
    n = len(offsets) - 1
    out, mask = x.new_zeros(n, size, x.shape[1]), torch.zeros(n, size, dtype=torch.bool)
    for b in range(n):
        rows = x[offsets[b] : offsets[b + 1]]
        out[b, : len(rows)], mask[b, : len(rows)] = rows, True
    return out, mask


def baseline_of(options, tensors, cells):
    if options["baseline"] == "zero":
        return torch.zeros_like(cells)
    if options["baseline"] == "profile":
        return tensors["input.profile"].double().expand_as(cells)
    return tensors["input.baseline"].double()


def check_attribution(net, options, tensors, offsets, size):
    from captum.attr import IntegratedGradients

    cells = tensors["input.cells"].double()[offsets[0] : offsets[1]]
    target, against = int(options["target_class"]), int(options["against_class"])
    pad = size - len(cells) if options["as_published_code"] == "1" else 0

    def score(x):  # [batch, cells, genes]
        mask = torch.zeros(x.shape[:2], dtype=torch.bool)
        mask[:, : len(cells)] = True
        logits = net(x, mask)
        if options["target"] == "probability":
            return torch.softmax(logits, 1)[:, target]
        return logits[:, target] - (logits[:, against] if options["target"] == "logit-difference" else 0)

    def pad_cells(x):
        return torch.cat([x, x.new_zeros(pad, x.shape[1])]).unsqueeze(0)

    baseline = baseline_of(options, tensors, cells)
    theirs, delta = IntegratedGradients(score).attribute(
        pad_cells(cells), pad_cells(baseline), n_steps=50, return_convergence_delta=True
    )
    theirs = theirs[0, : len(cells)]
    assert theirs.abs().max() > 1e-4, f"nothing to compare: largest attribution {theirs.abs().max()}"
    close("integrated gradients", tensors["output.attribution"], theirs, 1e-4)
    close("by gene", tensors["output.gene"], theirs.sum(0), 1e-4)
    close("by cell", tensors["output.cell"], theirs.sum(1), 1e-4)
    off = abs(tensors["output.delta"].item() - delta.item())
    assert off <= 1e-4 * max(abs(tensors["output.cell"].sum().item()), 1e-3), f"convergence delta off by {off}"


def check(file):
    with safe_open(file, framework="pt") as f:
        options, tensors = f.metadata(), {name: f.get_tensor(name) for name in f.keys()}
    kind = torch.float64 if options["dtype"] == "F64" else torch.float32
    tolerance = 1e-9 if kind == torch.float64 else 2e-4
    net = PaSCient(options).double()
    state = {name: t.double() for name, t in tensors.items() if not name.startswith(("input.", "output."))}
    net.load_state_dict(state)  # strict: the same names and shapes
    offsets = tensors["input.offsets"].tolist()
    longest = max(b - a for a, b in zip(offsets, offsets[1:]))
    size = int(options["published_bag_size"]) if options["as_published_code"] == "1" else longest + 3
    if "output.attribution" in tensors:
        net.eval()
        check_attribution(net, options, tensors, offsets, size)
        return
    x, mask = padded(tensors["input.cells"].double(), offsets, size)
    logits = net(x, mask)
    close("logits", tensors["output.logits"], logits, tolerance)
    if net.weights is not None:
        close("attention", tensors["output.attention"], net.weights.mean(2)[mask], tolerance)
    weight = tensors["input.class_weight"].double()
    loss = nn.CrossEntropyLoss(weight=weight)(logits, tensors["input.truth"])
    loss.backward()
    close("loss", tensors["output.loss"], loss, tolerance)
    for name, parameter in net.named_parameters():
        close(f"gradient of {name}", tensors[f"output.gradient.{name}"], parameter.grad, tolerance, 1e-3)  # some are zero but for rounding


for file in sorted(Path(sys.argv[1]).glob("*.safetensors")):
    try:
        check(file)
    except AssertionError as failure:
        sys.exit(f"{file.stem}: {failure}")
    print("checked", file.stem)
