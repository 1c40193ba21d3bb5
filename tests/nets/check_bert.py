"""The three BERTs of transformers with the weights that tests/nets/bert_test.cpp wrote: on the same sequences, padded and with a mask,
the same logits, the same loss and the same gradients.

usage: check_bert.py FOLDER      FOLDER/<case>.pt: a dictionary of tensors
"""

import sys
from pathlib import Path

try:
    import torch
    from transformers import BertConfig, BertForMaskedLM, BertForSequenceClassification, BertForTokenClassification
except ImportError:
    sys.exit(3)

torch.set_num_threads(1)
KINDS = [BertForMaskedLM, BertForSequenceClassification, BertForTokenClassification]
ACTIVATIONS = ["relu", "gelu", "gelu_new"]


def part(tensors, prefix):
    return {name[len(prefix):]: t for name, t in tensors.items() if name.startswith(prefix)}


def check(name, tensors):
    task, activation, vocabulary, width, layers, heads, feed_forward, positions = tensors["shape"].tolist()
    config = BertConfig(vocab_size=vocabulary, hidden_size=width, num_hidden_layers=layers, num_attention_heads=heads,
                        intermediate_size=feed_forward, max_position_embeddings=positions, hidden_act=ACTIVATIONS[activation],
                        hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, layer_norm_eps=1e-12, num_labels=3)  # fmt: skip
    net = KINDS[task](config)
    state = part(tensors, "state.")
    missing, unexpected = net.load_state_dict(state, strict=False)
    tied = {"cls.predictions.decoder.weight", "cls.predictions.decoder.bias"}
    if unexpected or set(missing) - tied:
        sys.exit(f"{name}: names {sorted(missing)} missing, {sorted(unexpected)} too many")
    net.tie_weights()
    net.train()  # dropout is 0
    offsets = tensors["offsets"].tolist()
    lengths = [after - before for before, after in zip(offsets, offsets[1:])]
    ids, mask = torch.zeros(len(lengths), max(lengths), dtype=torch.long), torch.zeros(len(lengths), max(lengths), dtype=torch.long)
    truth = torch.full_like(ids, -100)
    for i, n in enumerate(lengths):
        ids[i, :n], mask[i, :n] = tensors["tokens"][offsets[i]:offsets[i + 1]], 1
        if task != 1:
            truth[i, :n] = tensors["truth"][offsets[i]:offsets[i + 1]]
    out = net(input_ids=ids, attention_mask=mask, labels=tensors["truth"] if task == 1 else truth)
    logits = out.logits if task == 1 else out.logits[mask.bool()]
    off = (logits - tensors["logits"]).abs().max().item()
    if not off <= 1e-4:
        sys.exit(f"{name}: logits off by {off}")
    if not abs(out.loss.item() - tensors["loss"].item()) <= 1e-5:
        sys.exit(f"{name}: loss {tensors['loss'].item()} instead of {out.loss.item()}")
    out.loss.backward()
    theirs = {key: p.grad for key, p in net.named_parameters() if p.grad is not None}
    ours = part(tensors, "gradient.")
    if set(theirs) != set(ours):
        sys.exit(f"{name}: gradients of {sorted(set(ours) ^ set(theirs))} on one side only")
    total = sum(float((g.double() ** 2).sum()) for g in theirs.values()) ** 0.5
    for key, gradient in theirs.items():
        off = (ours[key] - gradient).norm().item()
        if not off <= 1e-4 * max(gradient.norm().item(), 1e-3 * total):
            sys.exit(f"{name}: gradient of {key} off by {off} of {gradient.norm().item()}")


for file in sorted(Path(sys.argv[1]).glob("*.pt")):
    check(file.stem, torch.load(file, weights_only=False))  # written by the test itself
    print("checked", file.stem)
