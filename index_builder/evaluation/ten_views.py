"""Ten views of a frame, and the distance averaged over them: how the paper's authors test."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from model.checkpoint import Checkpoint
from model.network.distances import Distance
from model.preprocessing.frames import FRAME, mirror_image
from model.preprocessing.images import Pixels

CROP = 225  # px of the frame's 256, as in the authors' code
_VIEWS = 10


def ten_views(frame: Pixels) -> list[Pixels]:
    """Frame (256,256) -> ten crops (225,225): its four corners, its centre, and the mirror images of these five."""
    end, middle = FRAME - CROP, (FRAME - CROP) // 2
    places = [(0, 0), (end, 0), (0, end), (end, end), (middle, middle)]  # top, left
    crops = [frame[top : top + CROP, left : left + CROP] for top, left in places]
    return [*crops, *map(mirror_image, crops)]


def embed_views(checkpoint: Checkpoint, frames: Sequence[Pixels]) -> Tensor:
    """N frames (256,256) -> embeddings (10,N,D) of their views, each resized to the network's input; on its device."""
    embeddings = checkpoint.embed_frames([view for frame in frames for view in ten_views(frame)])  # (N*10,D)
    device = next(checkpoint.network.parameters()).device
    return torch.from_numpy(embeddings).to(device).view(len(frames), _VIEWS, -1).transpose(0, 1)


def view_distance(distance: Distance, sketches: Tensor, photos: Tensor) -> Tensor:
    """Views (10,B,D) and (10,N,D) -> (B,N): the distance between the same view of both, averaged over the views."""
    with torch.inference_mode():
        return torch.stack([distance.pairwise(s, p) for s, p in zip(sketches, photos, strict=True)]).mean(0)
