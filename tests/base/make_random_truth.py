"""Prints the numbers random_test.cpp expects: the published definitions of SplitMix64, xoshiro256++ and FNV-1a, written
down a second time in Python's unbounded integers."""

M = 2**64 - 1
GOLDEN = 0x9E3779B97F4A7C15


def mix_bits(x):  # SplitMix64: add the golden ratio, then the finaliser
    x = (x + GOLDEN) & M
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & M
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & M
    return x ^ (x >> 31)


def fnv(h, text):
    for byte in text.encode() + b"\xff":
        h = ((h ^ byte) * 0x100000001B3) & M
    return h


def rotate(x, k):
    return ((x << k) | (x >> (64 - k))) & M


def stream(seed, purpose="", item="", number=0):
    x = fnv(fnv(0xCBF29CE484222325 ^ mix_bits(seed), purpose), item)
    x = mix_bits(x) ^ mix_bits((number + 1) & M)
    s = []
    for _ in range(4):
        x = (x + GOLDEN) & M
        s.append(mix_bits(x))
    while True:  # xoshiro256++
        yield (rotate((s[0] + s[3]) & M, 23) + s[0]) & M
        t = (s[1] << 17) & M
        s[2] ^= s[0]
        s[3] ^= s[1]
        s[1] ^= s[2]
        s[0] ^= s[3]
        s[2] ^= t
        s[3] = rotate(s[3], 45)


for arguments in [(42,), (42, "subsample", "GSM8325046"), (0, "epoch", "", 7)]:
    numbers = stream(*arguments)
    print(arguments, [f"{next(numbers):#018x}" for _ in range(4)])
