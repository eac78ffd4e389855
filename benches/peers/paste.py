"""A face paste that fits colours, as the usual Python programs do it, for the side-by-side table of `peers`.

usage: paste.py FRAME.png PERSONA.png POINTS.txt REPEATS
POINTS.txt: one line a mesh point, "live_x live_y persona_x persona_y". Written from descriptions of what these programs
do. All work is on the face's region of the frame: the persona's face is warped whole by the least-squares affine map of all
points, gets the mean and deviation of the frame's face in Lab (Reinhard), and is pasted with a feathered oval. The second
way has OpenCV's seamlessClone (Poisson) on top, into the whole frame, with the oval eroded by a twentieth of its width.
Each line on the standard input asks for a round of REPEATS; its answer is one line, "way ms way ms", CPU time of one paste
on one thread, with a copy of the frame to paste into.
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


def oval(size, hull):
    """The face's oval as it is, and with a soft edge that lies inside of it."""
    hard = np.zeros(size, np.uint8)
    cv2.fillConvexPoly(hard, hull.astype(np.int32), 255)
    k = max(3, int(np.ptp(hull[:, 0]) * 0.12)) | 1
    return hard, cv2.GaussianBlur(cv2.erode(hard, np.ones((k, k), np.uint8)), (k, k), 0)


def reinhard(face, target, mask):
    """The face with the target's mean and deviation of each channel of Lab, both under the mask."""
    a, b = (cv2.cvtColor(x, cv2.COLOR_BGR2LAB) for x in (face, target))
    (mean_a, dev_a), (mean_b, dev_b) = cv2.meanStdDev(a, mask=mask), cv2.meanStdDev(b, mask=mask)
    gain = (dev_b / np.maximum(dev_a, 1e-3)).ravel().astype(np.float32)
    fitted = (a.astype(np.float32) - mean_a.ravel().astype(np.float32)) * gain + mean_b.ravel().astype(np.float32)
    return cv2.cvtColor(np.clip(fitted, 0, 255).astype(np.uint8), cv2.COLOR_LAB2BGR)


def pasted():
    """The frame with the face pasted, the region's rectangle, and the hard oval in it."""
    out = frame.copy()
    x0, y0 = np.floor(live.min(0)).astype(int)
    x1, y1 = np.ceil(live.max(0)).astype(int) + 1
    m = to_frame - np.array([[0, 0, x0], [0, 0, y0]])
    face = cv2.warpAffine(persona, m, (int(x1 - x0), int(y1 - y0)), flags=cv2.INTER_LINEAR,
                          borderMode=cv2.BORDER_REPLICATE)
    target = out[y0:y1, x0:x1]
    hard, soft = oval(face.shape[:2], live[OVAL] - [x0, y0])
    face = reinhard(face, target, hard)
    a = soft[..., None].astype(np.float32) / 255.0
    target[:] = (face * a + target * (1.0 - a)).astype(np.uint8)
    return out, (x0, y0, x1, y1), hard


def poisson():
    out, (x0, y0, x1, y1), hard = pasted()
    k = max(3, int(x1 - x0) // 20) | 1
    mask = cv2.erode(hard, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (k, k)))
    x, y, w, h = cv2.boundingRect(mask)
    middle = (int(x0 + x + w // 2), int(y0 + y + h // 2))
    return cv2.seamlessClone(out[y0:y1, x0:x1].copy(), frame, mask, middle, cv2.NORMAL_CLONE)


ways = (("reinhard", lambda: pasted()[0]), ("poisson", poisson))
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
