"""The other side of the rows of bench/bert.py: BERT of the shape of Geneformer V1-10M in transformers, as its users run it: sdpa, right
padding, an attention mask. Prints JSON lines."""

import argparse
import json
import resource
import time

import numpy as np


def used():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return time.monotonic(), usage.ru_utime + usage.ru_stime


def say(begin, tokens):
    seconds, cpu = (now - then for now, then in zip(used(), begin))
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "cpu_seconds": cpu, "tokens": tokens, "megabytes": megabytes}), flush=True)


def batches_of(path):
    """Padded ids and mask of each batch."""
    import torch

    numbers, place, out = np.fromfile(path, np.int64), 1, []
    for _ in range(numbers[0]):
        n = int(numbers[place])
        offsets = numbers[place + 1 : place + n + 2]
        tokens = numbers[place + n + 2 : place + n + 2 + offsets[-1]]
        place += n + 2 + int(offsets[-1])
        ids = torch.zeros(n, int(np.diff(offsets).max()), dtype=torch.long)
        mask = torch.zeros_like(ids)
        for i, (begin, end) in enumerate(zip(offsets, offsets[1:])):
            ids[i, : end - begin], mask[i, : end - begin] = torch.from_numpy(tokens[begin:end]), 1
        out.append((ids, mask, int(offsets[-1])))
    return out


def make(a):
    """The net, initialised and saved by transformers."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification

    torch.manual_seed(1)
    config = BertConfig(vocab_size=25426, hidden_size=256, num_hidden_layers=6, num_attention_heads=4, intermediate_size=512,
                        max_position_embeddings=2048, hidden_act="relu", layer_norm_eps=1e-12, hidden_dropout_prob=0.02,
                        attention_probs_dropout_prob=0.02, num_labels=3)  # fmt: skip
    BertForSequenceClassification(config).save_pretrained(a.folder)


def net_of(a):
    import torch
    from transformers import BertForSequenceClassification

    torch.set_num_threads(a.threads)
    return BertForSequenceClassification.from_pretrained(a.folder, attn_implementation="sdpa")


def inference(a):
    import torch

    net, batches, logits = net_of(a).eval(), batches_of(a.batches), []
    with torch.no_grad():
        for _ in range(a.runs):
            begin = used()
            logits = [net(input_ids=ids, attention_mask=mask).logits for ids, mask, _ in batches]
            say(begin, sum(n for _, _, n in batches))
    torch.cat(logits).numpy().tofile(a.out)


def finetune(a):
    import torch

    net, (ids, mask, n) = net_of(a).train(), batches_of(a.batches)[0]
    adam = torch.optim.AdamW(net.parameters(), lr=5e-5, weight_decay=1e-3)
    truth = torch.arange(len(ids)) % 3
    for _ in range(a.runs):
        begin = used()
        adam.zero_grad()
        net(input_ids=ids, attention_mask=mask, labels=truth).loss.backward()
        adam.step()
        say(begin, n)


def main():
    parser = argparse.ArgumentParser(description="BERT in transformers")
    parser.add_argument("what", choices=["make", "inference", "finetune"])
    parser.add_argument("folder")
    parser.add_argument("--batches", default="")
    parser.add_argument("--out", default="")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--runs", type=int, default=1)
    a = parser.parse_args()
    {"make": make, "inference": inference, "finetune": finetune}[a.what](a)


if __name__ == "__main__":
    main()
