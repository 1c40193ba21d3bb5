"""The Transformer on latents made of torch.nn.TransformerEncoder, with the weights that tests/nets/latent_transformer_test.cpp wrote:
the same logits and the same gradients.

usage: check_latent_transformer.py FOLDER      FOLDER/<case>.pt: a dictionary of tensors
"""

import sys
from pathlib import Path

try:
    import torch
    from torch import nn
except ImportError:
    sys.exit(3)

torch.set_num_threads(1)


def close(name, ours, theirs, tolerance):
    off, largest = (ours.double() - theirs).abs().max().item(), max(theirs.abs().max().item(), 1e-3)
    if off > tolerance * largest:
        sys.exit(f"{name}: off by {off} of {largest}")


def part(tensors, prefix):
    return {name[len(prefix):]: t for name, t in tensors.items() if name.startswith(prefix)}


def check(name, tensors):
    n_latent, width, heads, layers, hidden = tensors["shape"].tolist()
    tolerance = 1e-9 if tensors["input.x"].dtype == torch.float64 else 2e-4
    layer = nn.TransformerEncoderLayer(width, heads, hidden, 0.0, "relu", batch_first=True)
    encoder = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False).double()
    state = {key: t.double() for key, t in part(tensors, "state.").items()}
    ours = {f"layers.{key[5]}{key[6:]}": t.clone() for key, t in state.items() if key.startswith("layer")}
    # Scores over √D instead of √d: queries that are smaller by the root of the number of heads.
    smaller = heads**-0.5 if tensors["scale_by_width"].item() else 1.0
    for key, t in ours.items():
        if "in_proj" in key:
            t[:width] *= smaller
    encoder.load_state_dict(ours)  # strict: the same names and shapes
    token = nn.Linear(1, width).double()
    token.load_state_dict({key: state[f"token.{key}"] for key in ("weight", "bias")})
    x = tensors["input.x"].double().requires_grad_()
    tokens = token(x.unsqueeze(2))
    position = state["position"].requires_grad_() if "position" in state else None
    if position is not None:
        tokens = tokens + position
    seen = encoder(tokens).mean(1)
    score, given = 0.0, {}
    for h in range(len(part(tensors, "output."))):
        head = nn.Linear(width, len(state[f"head{h}.bias"])).double()
        head.load_state_dict({key: state[f"head{h}.{key}"] for key in ("weight", "bias")})
        logits = head(seen)
        close(f"{name}: logits {h}", tensors[f"output.{h}"], logits, tolerance)
        score = score + (logits * torch.cos(torch.arange(logits.numel()).double().view(logits.shape))).sum()
        given[f"head{h}"] = head
    score.backward()
    expected = {"x": x.grad, "token.weight": token.weight.grad, "token.bias": token.bias.grad}
    if position is not None:
        expected["position"] = position.grad
    for head, module in given.items():
        expected |= {f"{head}.{key}": p.grad for key, p in module.named_parameters()}
    for key, p in encoder.named_parameters():
        if "in_proj" in key:
            p.grad[:width] *= smaller
        expected[f"layer{key[7]}{key[8:]}"] = p.grad
    gradients = part(tensors, "gradient.")
    if set(expected) != set(gradients):
        sys.exit(f"{name}: gradients of {sorted(set(expected) ^ set(gradients))} on one side only")
    for key, gradient in expected.items():
        close(f"{name}: gradient of {key}", gradients[key], gradient, tolerance)


for file in sorted(Path(sys.argv[1]).glob("*.pt")):
    check(file.stem, torch.load(file, weights_only=False))  # written by the test itself
    print("checked", file.stem)
