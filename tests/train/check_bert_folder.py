"""Folders of tests/train/bert_folder_test.cpp in transformers, and back: what cellverdict wrote loads whole and says the same; what
transformers initialised and saved is left for the test to open.

usage: check_bert_folder.py FOLDER      FOLDER/ours-<task>: a model and, in truth.safetensors, tokens, offsets and logits;
                                        FOLDER/theirs-<task> and FOLDER/bin-<task> are made the same way
"""

import sys
from pathlib import Path

try:
    import torch
    from safetensors.torch import load_file, save_file
    from transformers import BertConfig, BertForMaskedLM, BertForSequenceClassification, BertForTokenClassification
except ImportError:
    sys.exit(3)

torch.set_num_threads(1)
KINDS = {"masked": BertForMaskedLM, "sequence": BertForSequenceClassification, "tokens": BertForTokenClassification}


@torch.no_grad()
def logits_of(net, tokens, offsets, per_token):
    """Of sequences of mixed lengths in one batch, padded and with a mask."""
    lengths = [after - before for before, after in zip(offsets, offsets[1:])]
    ids, mask = torch.zeros(len(lengths), max(lengths), dtype=torch.long), torch.zeros(len(lengths), max(lengths), dtype=torch.long)
    for i, n in enumerate(lengths):
        ids[i, :n], mask[i, :n] = tokens[offsets[i] : offsets[i + 1]], 1
    logits = net.eval()(input_ids=ids, attention_mask=mask).logits
    return logits[mask.bool()] if per_token else logits


def main(folder):
    for task, kind in KINDS.items():
        truth = load_file(folder / f"ours-{task}" / "truth.safetensors")
        tokens, offsets = truth["tokens"], truth["offsets"].tolist()
        net, said = kind.from_pretrained(folder / f"ours-{task}", output_loading_info=True)
        if any(said[key] for key in ("missing_keys", "unexpected_keys", "mismatched_keys")):
            sys.exit(f"{task}: {said}")
        off = (logits_of(net, tokens, offsets, task != "sequence") - truth["logits"]).abs().max().item()
        if not off <= 1e-4:
            sys.exit(f"{task}: logits off by {off}")
        if task != "masked" and net.config.id2label != {0: "AML", 1: "a \"quoted\" class", 2: "normal"}:
            sys.exit(f"{task}: labels {net.config.id2label}")

        config = BertConfig(vocab_size=60, hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=48,
                            max_position_embeddings=40, hidden_act="relu", layer_norm_eps=1e-12, initializer_range=0.2, num_labels=3)  # fmt: skip
        net = kind(config)
        for name, safe in (("theirs", True), ("bin", False)):
            net.save_pretrained(folder / f"{name}-{task}", safe_serialization=safe)
        logits = logits_of(net, tokens, offsets, task != "sequence").contiguous()
        save_file({"logits": logits}, folder / f"theirs-{task}" / "truth.safetensors")


main(Path(sys.argv[1]))
