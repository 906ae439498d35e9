"""Answers one line per request on standard output: the PyTorch side of bench/engine.ts, kept alive between requests.

usage: pytorch_worker.py THREADS DILATION
requests: "step" (trains one step, answers loss, milliseconds and processor milliseconds), "memory" (answers peak resident bytes), end of file.
"""
import json
import resource
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F


class BasicBlock(nn.Module):
    def __init__(self, inputs, channels, stride, dilation):
        super().__init__()
        wide = dilation if stride == 1 else 1
        self.conv1 = nn.Conv2d(inputs, channels, 3, stride, wide, wide, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, dilation, dilation, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.downsample = None
        if stride != 1 or inputs != channels:
            self.downsample = nn.Sequential(
                nn.Conv2d(inputs, channels, 1, stride, bias=False), nn.BatchNorm2d(channels)
            )

    def forward(self, x):
        h = F.relu(self.bn1(self.conv1(x)), inplace=True)
        h = self.bn2(self.conv2(h))
        return F.relu(h + (x if self.downsample is None else self.downsample(x)), inplace=True)


class ResNet18(nn.Module):
    def __init__(self, dilation):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        blocks, inputs = [], 64
        for stage, channels in enumerate((64, 128, 256, 512)):
            for index in range(2):
                stride = 2 if stage > 0 and index == 0 else 1
                blocks.append(BasicBlock(inputs, channels, stride, dilation if stage > 0 else 1))
                inputs = channels
        self.blocks = nn.Sequential(*blocks)
        self.fc = nn.Linear(512, 1000)

    def forward(self, x):
        h = F.relu(self.bn1(self.conv1(x)), inplace=True)
        h = self.blocks(F.max_pool2d(h, 3, 2, 1))
        return self.fc(h.mean((2, 3)))


def main():
    threads, dilation = int(sys.argv[1]), int(sys.argv[2])
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    model = ResNet18(dilation).train()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9, weight_decay=1e-4)
    x = torch.randn(8, 3, 128, 128)
    labels = torch.randint(0, 1000, (8,))
    print(json.dumps({"library": f"PyTorch {torch.__version__.split('+')[0]}"}), flush=True)
    for line in sys.stdin:
        if line.strip() == "step":
            start, busy = time.perf_counter(), time.process_time()
            loss = F.cross_entropy(model(x), labels)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            answer = {
                "loss": loss.item(),
                "ms": (time.perf_counter() - start) * 1000,
                "processor": (time.process_time() - busy) * 1000,
            }
        else:
            answer = {"bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}
        print(json.dumps(answer), flush=True)


main()
