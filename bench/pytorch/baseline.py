"""The work of `dit4j bench` in plain PyTorch, to compare with on the same machine.

    pip install torch
    python bench/pytorch/baseline.py step --precision bf16            # DiT-XL/2, batch 2, latents 32x32
    python bench/pytorch/baseline.py train --precision bf16           # DiT-S/2, batch 16, AdamW and averaged weights
    python bench/pytorch/baseline.py blocks --tokens 1024             # four joint blocks of SD3-medium
    python bench/pytorch/baseline.py decode --precision bf16          # Stable Diffusion's autoencoder to 256x256
    python bench/pytorch/baseline.py emoji                            # training step of models/emoji-zh-en

Random weights; prints one line of JSON with the median, least and largest seconds. The networks are those of
facebookresearch/DiT (models.py), Stable Diffusion 3 (arXiv:2403.03206) and CompVis/latent-diffusion, written with
the operators that PyTorch users reach for: fused q, k, v, scaled_dot_product_attention, autocast in training.
"""

import argparse
import copy
import json
import statistics
import time

import torch
import torch.nn.functional as F
from torch import nn


def modulate(x, shift, scale):
    return x * (1 + scale.unsqueeze(1)) + shift.unsqueeze(1)


def heads_of(x, heads):
    b, n, d = x.shape
    return x.view(b, n, heads, d // heads).transpose(1, 2)


def joined(x):
    b, h, n, d = x.shape
    return x.transpose(1, 2).reshape(b, n, h * d)


class Mlp(nn.Sequential):
    def __init__(self, d, ratio=4):
        super().__init__(nn.Linear(d, d * ratio), nn.GELU(approximate="tanh"), nn.Linear(d * ratio, d))


class DitBlock(nn.Module):
    def __init__(self, d, heads):
        super().__init__()
        self.heads = heads
        self.norm1 = nn.LayerNorm(d, elementwise_affine=False, eps=1e-6)
        self.norm2 = nn.LayerNorm(d, elementwise_affine=False, eps=1e-6)
        self.qkv, self.proj, self.mlp = nn.Linear(d, 3 * d), nn.Linear(d, d), Mlp(d)
        self.ada = nn.Sequential(nn.SiLU(), nn.Linear(d, 6 * d))

    def forward(self, x, c):
        s1, k1, g1, s2, k2, g2 = self.ada(c).chunk(6, dim=1)
        q, k, v = (heads_of(y, self.heads) for y in self.qkv(modulate(self.norm1(x), s1, k1)).chunk(3, dim=-1))
        x = x + g1.unsqueeze(1) * self.proj(joined(F.scaled_dot_product_attention(q, k, v)))
        return x + g2.unsqueeze(1) * self.mlp(modulate(self.norm2(x), s2, k2))


class Conditioning(nn.Module):
    def __init__(self, d, width=None):
        super().__init__()
        self.time = nn.Sequential(nn.Linear(256, d), nn.SiLU(), nn.Linear(d, d))
        self.other = nn.Embedding(1001, d) if width is None else nn.Linear(width, d)

    def forward(self, t, y):
        half = torch.exp(-torch.arange(128) / 128 * 9.210340371976184)
        angles = t.float()[:, None] * half
        waves = torch.cat([angles.cos(), angles.sin()], dim=-1).to(self.time[0].weight.dtype)
        return self.time(waves) + self.other(y)


class Dit(nn.Module):
    def __init__(self, d, depth, heads, patch=2, size=32):
        super().__init__()
        self.patch = nn.Conv2d(4, d, patch, patch)
        self.pos = nn.Parameter(torch.randn(1, (size // patch) ** 2, d), requires_grad=False)
        self.cond = Conditioning(d)
        self.blocks = nn.ModuleList(DitBlock(d, heads) for _ in range(depth))
        self.norm = nn.LayerNorm(d, elementwise_affine=False, eps=1e-6)
        self.ada, self.out = nn.Linear(d, 2 * d), nn.Linear(d, patch * patch * 8)

    def forward(self, x, t, y):
        x = self.patch(x).flatten(2).transpose(1, 2) + self.pos
        c = self.cond(t, y)
        for block in self.blocks:
            x = block(x, c)
        shift, scale = self.ada(F.silu(c)).chunk(2, dim=1)
        x = self.out(modulate(self.norm(x), shift, scale))
        b, n, _ = x.shape
        side = int(n**0.5)
        return x.view(b, side, side, 2, 2, 8).permute(0, 5, 1, 3, 2, 4).reshape(b, 8, 2 * side, 2 * side)


class Stream(nn.Module):
    """One of the two streams of a joint block."""

    def __init__(self, d, qk_norm):
        super().__init__()
        self.norm1 = nn.LayerNorm(d, elementwise_affine=False, eps=1e-6)
        self.norm2 = nn.LayerNorm(d, elementwise_affine=False, eps=1e-6)
        self.qkv, self.proj, self.mlp = nn.Linear(d, 3 * d), nn.Linear(d, d), Mlp(d)
        self.ada = nn.Sequential(nn.SiLU(), nn.Linear(d, 6 * d))
        self.q_norm, self.k_norm = (nn.RMSNorm(64, 1e-6), nn.RMSNorm(64, 1e-6)) if qk_norm else (None, None)

    def before(self, x, c, heads):
        s1, k1, *rest = self.ada(c).chunk(6, dim=1)
        q, k, v = (heads_of(y, heads) for y in self.qkv(modulate(self.norm1(x), s1, k1)).chunk(3, dim=-1))
        return (self.q_norm(q), self.k_norm(k), v, rest) if self.q_norm else (q, k, v, rest)

    def after(self, x, attended, rest):
        g1, s2, k2, g2 = rest
        x = x + g1.unsqueeze(1) * self.proj(attended)
        return x + g2.unsqueeze(1) * self.mlp(modulate(self.norm2(x), s2, k2))


class JointBlock(nn.Module):
    def __init__(self, d, heads, qk_norm=False):
        super().__init__()
        self.heads, self.image, self.text = heads, Stream(d, qk_norm), Stream(d, qk_norm)

    def forward(self, x, text, c):
        q, k, v, rest = self.image.before(x, c, self.heads)
        tq, tk, tv, text_rest = self.text.before(text, c, self.heads)
        a = joined(F.scaled_dot_product_attention(*(torch.cat(p, dim=2) for p in ((q, tq), (k, tk), (v, tv)))))
        n = x.shape[1]
        return self.image.after(x, a[:, :n], rest), self.text.after(text, a[:, n:], text_rest)


class MmDit(nn.Module):
    def __init__(self, d, depth, heads, channels, text_width, pooled, qk_norm=False):
        super().__init__()
        self.patch, self.text = nn.Conv2d(channels, d, 2, 2), nn.Linear(text_width, d)
        self.cond = Conditioning(d, pooled)
        self.blocks = nn.ModuleList(JointBlock(d, heads, qk_norm) for _ in range(depth))
        self.norm = nn.LayerNorm(d, elementwise_affine=False, eps=1e-6)
        self.ada, self.out = nn.Linear(d, 2 * d), nn.Linear(d, 4 * channels)

    def forward(self, x, t, y, text):
        x, text, c = self.patch(x).flatten(2).transpose(1, 2), self.text(text), self.cond(t, y)
        for block in self.blocks:
            x, text = block(x, text, c)
        shift, scale = self.ada(F.silu(c)).chunk(2, dim=1)
        return self.out(modulate(self.norm(x), shift, scale))


class Resnet(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.norm1, self.conv1 = nn.GroupNorm(32, i, 1e-6), nn.Conv2d(i, o, 3, padding=1)
        self.norm2, self.conv2 = nn.GroupNorm(32, o, 1e-6), nn.Conv2d(o, o, 3, padding=1)
        self.skip = nn.Conv2d(i, o, 1) if i != o else nn.Identity()

    def forward(self, x):
        h = self.conv1(F.silu(self.norm1(x)))
        return self.skip(x) + self.conv2(F.silu(self.norm2(h)))


class PixelAttention(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.norm, self.qkv, self.proj = nn.GroupNorm(32, d, 1e-6), nn.Linear(d, 3 * d), nn.Linear(d, d)

    def forward(self, x):
        b, d, h, w = x.shape
        q, k, v = self.qkv(self.norm(x).flatten(2).transpose(1, 2)).unsqueeze(1).chunk(3, dim=-1)
        y = self.proj(F.scaled_dot_product_attention(q, k, v).squeeze(1))
        return x + y.transpose(1, 2).reshape(b, d, h, w)


class Upsample(nn.Conv2d):
    def forward(self, x):
        return super().forward(F.interpolate(x, scale_factor=2.0, mode="nearest"))


def decoder():
    layers, last = [nn.Conv2d(4, 4, 1), nn.Conv2d(4, 512, 3, padding=1), Resnet(512, 512), PixelAttention(512)], 512
    layers.append(Resnet(512, 512))
    for level, width in enumerate([512, 512, 256, 128]):
        for _ in range(3):
            layers.append(Resnet(last, width))
            last = width
        if level < 3:
            layers.append(Upsample(width, width, 3, padding=1))
    return nn.Sequential(*layers, nn.GroupNorm(32, 128, 1e-6), nn.SiLU(), nn.Conv2d(128, 3, 3, padding=1))


def trained(network, inputs, target, bf16):
    average = copy.deepcopy(network)
    ours, theirs = list(network.parameters()), list(average.parameters())
    optimizer = torch.optim.AdamW([p for p in ours if p.requires_grad], lr=1e-4, weight_decay=0, fused=True)

    def step():
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            y = network(*inputs)
        loss = F.mse_loss(y.float()[:, : target.shape[1]] if y.dim() == 4 else y.float(), target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            torch._foreach_mul_(theirs, 0.9999)
            torch._foreach_add_(theirs, ours, alpha=1e-4)

    return step


def work(args):
    dtype = torch.bfloat16 if args.precision == "bf16" else torch.float32
    bf16 = dtype == torch.bfloat16
    compiled = torch.compile if args.compile else lambda f: f
    if args.work == "step":
        network = compiled(Dit(1152, 28, 16).to(dtype).eval())
        x, t, y = torch.randn(2, 4, 32, 32, dtype=dtype), torch.tensor([500, 500]), torch.tensor([207, 1000])
        return lambda: network(x, t, y)
    if args.work == "train":
        network = compiled(Dit(384, 12, 6))
        x, t, y = torch.randn(16, 4, 32, 32), torch.randint(1000, (16,)), torch.randint(1000, (16,))
        return trained(network, (x, t, y), torch.randn(16, 4, 32, 32), bf16)
    if args.work == "emoji":
        network = compiled(MmDit(256, 6, 4, 4, 512, 896, qk_norm=True))
        x, t = torch.randn(32, 4, 16, 16), torch.randint(1000, (32,))
        return trained(network, (x, t, torch.randn(32, 896), torch.randn(32, 32, 512)), torch.randn(32, 64, 16), bf16)
    if args.work == "blocks":
        network = compiled(MmDit(1536, args.layers, 24, 16, 4096, 2048).to(dtype).eval())
        side = 2 * int(args.tokens**0.5)
        inputs = torch.randn(1, 16, side, side), torch.tensor([500]), torch.randn(1, 2048), torch.randn(1, 154, 4096)
        inputs = [i if i.dtype == torch.int64 else i.to(dtype) for i in inputs]
        return lambda: network(*inputs)
    network = decoder().to(dtype).eval().to(memory_format=torch.channels_last)
    network = compiled(network)
    x = torch.randn(1, 4, args.size // 8, args.size // 8, dtype=dtype).to(memory_format=torch.channels_last)
    return lambda: network(x)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", choices=["step", "train", "blocks", "decode", "emoji"])
    parser.add_argument("--precision", choices=["fp32", "bf16"], default="bf16")
    parser.add_argument("--compile", action="store_true", help="torch.compile")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--warmup", type=int, default=2)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--tokens", type=int, default=1024, help="of the picture, for blocks")
    parser.add_argument("--layers", type=int, default=4, help="of blocks")
    parser.add_argument("--size", type=int, default=256, help="pixels, for decode")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    once = work(args)
    seconds = []
    with torch.set_grad_enabled(args.work in ("train", "emoji")):
        for i in range(args.warmup + args.repeat):
            start = time.perf_counter()
            once()
            if i >= args.warmup:
                seconds.append(time.perf_counter() - start)
    print(json.dumps({
        "work": args.work, "torch": torch.__version__, "precision": args.precision, "compiled": args.compile,
        "threads": args.threads, "median": statistics.median(seconds), "least": min(seconds), "largest": max(seconds),
    }))


if __name__ == "__main__":
    main()
