"""Writes the .pt files beside this script, with PyTorch 2.13."""
import argparse
import pathlib
from collections import OrderedDict

import torch

base = torch.arange(24, dtype=torch.float32).reshape(4, 6)
kinds = [
    torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.float8_e5m2,
    torch.float8_e4m3fn, torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8,
    torch.bool,
]
layouts = OrderedDict(
    whole=base,
    row=base[1],
    column=base[:, 2],
    transposed=base.t(),
    block=base[1:3, 2:5],
    expanded=torch.tensor([7.0]).expand(3, 2),
    scalar=torch.tensor(2.5),
    empty=torch.zeros(0, 3),
    parameter=torch.nn.Parameter(torch.tensor([1.0, -1.0])),
)
for kind in kinds:
    layouts[str(kind)] = torch.tensor([0, 1, 1]).to(kind)
torch.save(layouts, "layouts.pt")
torch.save(layouts, "layouts-protocol4.pt", pickle_protocol=4)

model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.LayerNorm(3))
for i, p in enumerate(model.parameters()):
    torch.nn.init.constant_(p, i + 1)
opt = torch.optim.AdamW(model.parameters(), lr=1e-4)
model(torch.ones(1, 2)).square().sum().backward()
opt.step()
ema = OrderedDict((k, torch.full_like(v, 10)) for k, v in model.state_dict().items())
args = argparse.Namespace(
    model="DiT-S/2", image_size=256, lr=1e-4, data=pathlib.Path("a/b"), none=None, flag=True,
    big=1 << 70, shape=(1, 2), raw=b"bytes", tags={"x"},
)
torch.save(
    {"model": model.state_dict(), "ema": ema, "opt": opt.state_dict(), "args": args,
     "train_steps": 20},
    "training.pt",
)
torch.save(model, "module.pt")
torch.save(layouts["whole"], "tensor.pt")
torch.save(OrderedDict(whole=base), "before-1.6.pt", _use_new_zipfile_serialization=False)
