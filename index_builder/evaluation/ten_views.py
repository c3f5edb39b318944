"""Ten views of a frame, and the distance averaged over them: the protocol of the paper's authors."""

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
    """Cut a frame (256,256) into ten crops (225,225): four corners, the centre, and their mirror images."""
    end, middle = FRAME - CROP, (FRAME - CROP) // 2
    places = [(0, 0), (end, 0), (0, end), (end, end), (middle, middle)]  # top, left
    crops = [frame[top : top + CROP, left : left + CROP] for top, left in places]
    return [*crops, *map(mirror_image, crops)]


def embed_views(checkpoint: Checkpoint, frames: Sequence[Pixels]) -> Tensor:
    """Embed the views of N frames (256,256): (10,N,D) on the network's device.

    Each view is resized to the network's input.
    """
    embeddings = checkpoint.embed_frames([view for frame in frames for view in ten_views(frame)])  # (N*10,D)
    device = next(checkpoint.network.parameters()).device
    return torch.from_numpy(embeddings).to(device).view(len(frames), _VIEWS, -1).transpose(0, 1)


def view_distance(distance: Distance, sketches: Tensor, photos: Tensor) -> Tensor:
    """Average the distance between equal views: (10,B,D) and (10,N,D) -> (B,N)."""
    with torch.inference_mode():
        return torch.stack([distance.pairwise(s, p) for s, p in zip(sketches, photos, strict=True)]).mean(0)
