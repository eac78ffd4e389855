"""mediapipe's FaceMesh on a clip's frames, for the side-by-side table of `peers`.

usage: face_mesh.py FOLDER PASSES
FOLDER: the frames as PNG files, in the order of their names; they are read before anything is timed. FaceMesh runs as it
does on a camera (static_image_mode=False, one face), with the iris points (refine_landmarks=True) and without. Each line
on the standard input asks for a round of PASSES over the frames, every second pass backwards, so that the face never jumps;
its answer is one line, "name value name value …": CPU time (all threads of the process) and wall time of a frame in
milliseconds, and the share of frames with a face, for each of the two.
"""
import sys
import time
from pathlib import Path

import cv2
import mediapipe as mp

frames = [cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB) for path in sorted(Path(sys.argv[1]).glob("*.png"))]
for frame in frames:
    frame.flags.writeable = False
passes = int(sys.argv[2])


class Way:
    """One FaceMesh, which goes through the frames to and fro."""

    def __init__(self, name, refine):
        self.name, self.forward = name, True
        self.mesh = mp.solutions.face_mesh.FaceMesh(static_image_mode=False, max_num_faces=1, refine_landmarks=refine)

    def go(self):
        found = 0
        for frame in frames if self.forward else frames[::-1]:
            found += self.mesh.process(frame).multi_face_landmarks is not None
        self.forward = not self.forward
        return found

    def round(self):
        cpu, wall = time.process_time(), time.perf_counter()
        found = sum(self.go() for _ in range(passes))
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        n = len(frames) * passes
        return f"{self.name}-cpu {cpu * 1e3 / n:.4f} {self.name}-wall {wall * 1e3 / n:.4f} {self.name}-found {found / n:.4f}"


ways = (Way("refined", True), Way("plain", False))
for _ in sys.stdin:
    print(*(way.round() for way in ways), flush=True)
