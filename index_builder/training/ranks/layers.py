"""Layers that compute for a share of a batch what the usual ones compute for the whole batch."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from index_builder.training.ranks.ranks import Ranks


def share_layers(network: nn.Module, ranks: Ranks) -> None:
    """Replace all batch normalisation and dropout of a network that is not yet trained, in place."""
    for parent in list(network.modules()):
        for name, child in parent.named_children():
            if isinstance(child, nn.BatchNorm2d):
                setattr(parent, name, SharedBatchNorm(child, ranks))
            elif isinstance(child, nn.Dropout):
                setattr(parent, name, SharedDropout(child.p, ranks))


class SharedBatchNorm(nn.BatchNorm2d):
    """Batch normalisation by the statistics of all ranks' rows. torch's SyncBatchNorm needs a GPU.

    It has the weights of `layer` under the same names.
    """

    def __init__(self, layer: nn.BatchNorm2d, ranks: Ranks) -> None:
        super().__init__(layer.num_features, layer.eps, layer.momentum)
        self.load_state_dict(layer.state_dict())
        self._ranks = ranks

    def forward(self, input: Tensor) -> Tensor:
        """Normalise features (n,C,H,W); in eval mode as usual."""
        if not self.training:
            return super().forward(input)
        features = input.to(torch.promote_types(input.dtype, self.weight.dtype))  # bf16 is too coarse for a mean
        count, mean, variance = self._measure(features)
        self._track(count, mean.detach(), variance.detach())
        scale = self.weight * (variance + self.eps).rsqrt()
        shift = self.bias - mean * scale
        return torch.addcmul(_by_channel(shift), features, _by_channel(scale)).to(input.dtype)

    def _measure(self, features: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Measure the number of values of a channel (), their mean (C,) and variance (C,), over all ranks."""
        variance, mean = torch.var_mean(features, (0, 2, 3), correction=0)
        count = mean.new_full((1,), features[:, 0].numel())
        own = torch.cat([count, mean, variance]).unsqueeze(0)
        sizes = [1, self.num_features, self.num_features]
        rows = self._ranks.gather(own, self._ranks.share(self._ranks.size))  # one of each rank
        counts, means, variances = torch.split(rows, sizes, 1)
        total = counts.sum()
        weights = counts / total  # (ranks,1)
        mean = (weights * means).sum(0)
        return total, mean, (weights * (variances + (means - mean).square())).sum(0)

    @torch.no_grad()
    def _track(self, count: Tensor, mean: Tensor, variance: Tensor) -> None:
        """Move the running statistics towards those of a batch."""
        assert self.running_mean is not None and self.running_var is not None and self.num_batches_tracked is not None
        assert self.momentum is not None
        self.running_mean.lerp_(mean, self.momentum)
        self.running_var.lerp_(variance * (count / (count - 1)), self.momentum)
        self.num_batches_tracked += 1


class SharedDropout(nn.Dropout):
    """Dropout by this rank's rows of the whole batch's mask."""

    def __init__(self, p: float, ranks: Ranks) -> None:
        super().__init__(p)
        self._ranks = ranks

    def forward(self, input: Tensor) -> Tensor:
        """Drop values of features (n,...); in eval mode none."""
        if not self.training:
            return input
        share = self._ranks.share(self._ranks.count(len(input)))
        mask = input.new_empty(share.total, *input.shape[1:]).bernoulli_(1 - self.p)
        return input * mask[share.rows].div_(1 - self.p)


def _by_channel(values: Tensor) -> Tensor:
    """Shape one value per channel (C,) like features: (1,C,1,1)."""
    return values.view(1, -1, 1, 1)
