//! Veil with planned answers, for the sequences of faults.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use super::*;
use crate::infer::TensorSpec;
use crate::track::{Face, FaceId, Occlusion};

/// What goes wrong with the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// All is in front.
    Ones,
    /// Nothing is.
    Zeros,
    /// No numbers come out, which counts as a run that failed.
    Nan,
    /// What is in front at the face's border is found in every second frame only, and carried between.
    Late,
}

struct Planned {
    input: Vec<f32>,
    output: Vec<f32>,
    answer: Arc<Mutex<Answer>>,
}

impl Net for Planned {
    fn backend(&self) -> &'static str {
        "planned"
    }
    fn inputs(&self) -> &[TensorSpec] {
        &[]
    }
    fn outputs(&self) -> &[TensorSpec] {
        &[]
    }
    fn input_mut(&mut self, _: usize) -> &mut [f32] {
        &mut self.input
    }
    fn output(&self, _: usize) -> &[f32] {
        &self.output
    }
    fn run(&mut self) -> Result<(), InferError> {
        match *self.answer.lock().unwrap() {
            Answer::Ones => self.output.fill(1.0),
            Answer::Zeros => self.output.fill(0.0),
            Answer::Nan => {
                return Err(InferError::NotFinite { file: "planned".into(), node: "front".into() });
            }
            Answer::Late => {
                // The outline's circle has a radius of 1 / 2.6 of the square's side.
                let middle = Vec2::splat(SIDE as f32 / 2.0 - 0.5);
                for (k, front) in self.output.iter_mut().enumerate() {
                    let far = Vec2::new((k % SIDE) as f32, (k / SIDE) as f32).distance(middle);
                    *front = f32::from(u8::from(far > 0.34 * SIDE as f32));
                }
            }
        }
        Ok(())
    }
}

/// A network that answers as planned, and what it said of each face last.
pub(crate) struct PlannedVeil {
    net: VeilNet,
    answer: Arc<Mutex<Answer>>,
    last: HashMap<FaceId, FrontMatte>,
}

impl PlannedVeil {
    pub(crate) fn new() -> Self {
        let answer = Arc::new(Mutex::new(Answer::Zeros));
        let planned =
            Planned { input: vec![0.0; 8 * CELLS], output: vec![0.0; CELLS], answer: Arc::clone(&answer) };
        let net = VeilNet { net: Box::new(planned), failed: false, paced: false, took: 0.0, mesh_took: 0.0 };
        Self { net, answer, last: HashMap::new() }
    }

    /// Has the network look at each face, by the code that the tracker uses.
    pub(crate) fn look(&mut self, frame: &Frame, faces: &mut [Face], answer: Answer) {
        let tuning = VeilTuning::default();
        *self.answer.lock().unwrap() = answer;
        self.net.paced = answer == Answer::Late;
        for face in faces {
            // Between what is slow and what is useless, whatever this machine's pace is.
            self.net.took = (tuning.slow_s + tuning.useless_s) * 0.5;
            let last = self.last.remove(&face.id);
            let reading = self.net.read(frame, &face.landmarks, last.as_ref(), &tuning);
            if let Some(matte) = reading.map(|reading| reading.into_matte(&[], &tuning)) {
                face.occlusion = Occlusion::from_front(matte.clone());
                self.last.insert(face.id, matte);
            }
        }
    }
}

#[test]
fn planned_answers_arrive() {
    let scene = crate::track::tests::actor_of(3, 640, 480).frame(0);
    let mut veil = PlannedVeil::new();
    let landmarks = scene.faces[0].landmarks.clone();
    let pose = omote_frame::pose::Pose::fit(&landmarks).unwrap();
    let region = region_of(&landmarks).unwrap();
    let face = Face { id: FaceId(1), score: 1.0, landmarks, region, pose, occlusion: Occlusion::default() };
    let mut after = |answer: Answer| {
        let mut faces = [face.clone()];
        veil.look(&scene.frame, &mut faces, answer);
        let matte = faces[0].occlusion.front()?;
        Some((matte.cells().iter().copied().fold(0.0, f32::max), matte.carried))
    };
    assert_eq!(after(Answer::Ones), Some((0.0, false)), "never is the whole face laid bare");
    assert_eq!(after(Answer::Nan), None);
    assert_eq!(after(Answer::Late), Some((1.0, false)));
    assert_eq!(after(Answer::Late), Some((1.0, true)));
    assert_eq!(after(Answer::Zeros), Some((0.0, false)));
}
