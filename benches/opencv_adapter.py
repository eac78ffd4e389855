"""The usual programs' work round a swap network, for the side-by-side figures of `reproject`.

usage: opencv_adapter.py FRAME.png POINTS.txt REPEATS
POINTS.txt: five lines "frame_x frame_y share_x share_y": where the points are, and where the crop wants them as shares of
its side. Written from descriptions of what these programs do; the network is left out. Each line on the standard input
asks for a round of REPEATS; its answer is one line, "side ms side ms …": CPU time on one thread of align, tensor and back,
a feathered mask, and pasting into the face's region.
"""
import sys
import time

import cv2
import numpy as np

cv2.setNumThreads(1)
frame = cv2.imread(sys.argv[1])
p = np.loadtxt(sys.argv[2]).astype(np.float32)
live, wanted = p[:, :2].copy(), p[:, 2:].copy()
repeats = int(sys.argv[3])
height, width = frame.shape[:2]
masks = {}


def feathered(n):
    """A soft disk, made once for each size."""
    if n not in masks:
        disk = np.zeros((n, n), np.float32)
        cv2.circle(disk, (n // 2, n // 2), int(n * 0.44), 1.0, -1)
        masks[n] = cv2.GaussianBlur(disk, (31, 31), 12)
    return masks[n]


def swap(n):
    matrix, _ = cv2.estimateAffinePartial2D(live, wanted * n, method=cv2.RANSAC, ransacReprojThreshold=100)
    crop = cv2.warpAffine(frame, matrix, (n, n), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE)
    tensor = np.ascontiguousarray(crop[:, :, ::-1].astype(np.float32).transpose(2, 0, 1)[None] / 255.0)
    tensor = (tensor - 0.5) / 0.5
    back = np.clip(tensor[0].transpose(1, 2, 0) * 0.5 + 0.5, 0, 1)[:, :, ::-1] * 255.0
    inverse = cv2.invertAffineTransform(matrix)
    corners = np.array([[0, 0], [n, 0], [n, n], [0, n]], np.float32) @ inverse[:, :2].T + inverse[:, 2]
    x0, y0 = np.clip(np.floor(corners.min(0)).astype(int), 0, [width, height])
    x1, y1 = np.clip(np.ceil(corners.max(0)).astype(int), 0, [width, height])
    moved = inverse - np.array([[0, 0, x0], [0, 0, y0]])
    size = (int(x1 - x0), int(y1 - y0))
    face = cv2.warpAffine(back.astype(np.uint8), moved, size, borderMode=cv2.BORDER_REPLICATE)
    mask = cv2.warpAffine(feathered(n), moved, size)[..., None]
    region = frame[y0:y1, x0:x1]
    return (face * mask + region * (1.0 - mask)).astype(np.uint8)


sides = (128, 256, 512)
for side in sides:
    swap(side)
for _ in sys.stdin:
    answer = []
    for side in sides:
        begun = time.process_time()
        for _ in range(repeats):
            swap(side)
        answer.append(f"{side} {(time.process_time() - begun) / repeats * 1e3:.4f}")
    print(" ".join(answer), flush=True)
