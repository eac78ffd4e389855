"""A plain OpenCV face paste for the side-by-side figure of `cost`.

usage: opencv_reference.py FRAME.png PERSONA.png POINTS.txt REPEATS
POINTS.txt: one line a mesh point, "live_x live_y persona_x persona_y". The persona's face is warped whole by
the least-squares affine map of all points and pasted with a feathered oval. Two ways: over the whole frame,
as simple scripts do it, and over the face's region only. Each line on the standard input asks for a round of
REPEATS; its answer is one line, "way ms way ms", CPU time of one paste on one thread.
"""
import sys
import time

import cv2
import numpy as np

OVAL = [10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148,
        176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109]
cv2.setNumThreads(1)
frame, persona = cv2.imread(sys.argv[1]), cv2.imread(sys.argv[2])
p = np.loadtxt(sys.argv[3]).astype(np.float32)
repeats = int(sys.argv[4])
live, own = p[:, :2].copy(), p[:, 2:].copy()
to_frame, _ = cv2.estimateAffine2D(own, live, method=cv2.LMEDS)


def feathered(size, hull):
    mask = np.zeros(size, np.uint8)
    cv2.fillConvexPoly(mask, hull.astype(np.int32), 255)
    k = max(3, int(np.ptp(hull[:, 0]) * 0.12)) | 1
    return cv2.GaussianBlur(cv2.erode(mask, np.ones((k, k), np.uint8)), (k, k), 0)


def blend(target, face, mask):
    a = mask[..., None].astype(np.float32) / 255.0
    target[:] = (face * a + target * (1.0 - a)).astype(np.uint8)


def whole():
    h, w = frame.shape[:2]
    out = frame.copy()
    face = cv2.warpAffine(persona, to_frame, (w, h), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    blend(out, face, feathered((h, w), live[OVAL]))
    return out


def region():
    out = frame.copy()
    x0, y0 = np.floor(live.min(0)).astype(int)
    x1, y1 = np.ceil(live.max(0)).astype(int) + 1
    m = to_frame - np.array([[0, 0, x0], [0, 0, y0]])
    face = cv2.warpAffine(persona, m, (int(x1 - x0), int(y1 - y0)), flags=cv2.INTER_LINEAR,
                          borderMode=cv2.BORDER_REPLICATE)
    blend(out[y0:y1, x0:x1], face, feathered(face.shape[:2], live[OVAL] - [x0, y0]))
    return out


ways = (("whole-frame", whole), ("face-region", region))
for _, way in ways:
    way()
for _ in sys.stdin:
    answer = []
    for name, way in ways:
        start = time.process_time()
        for _ in range(repeats):
            way()
        answer.append(f"{name} {(time.process_time() - start) * 1e3 / repeats:.3f}")
    print(*answer, flush=True)
