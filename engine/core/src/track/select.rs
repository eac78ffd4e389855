//! Which of the followed faces are handed on.

use super::tuning::SelectionTuning;
use crate::space::ImagePx;

/// Which faces the caller wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Selection {
    /// Every followed face.
    #[default]
    All,
    /// The largest one.
    Largest,
    /// The one nearest the picture's middle.
    NearestCentre,
}

/// What the choice looks at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Contender {
    pub(super) id: u64,
    pub(super) centre: ImagePx,
    /// Distance between the eyes at rest, image pixels.
    pub(super) size: f32,
}

impl Contender {
    /// The less the better.
    fn cost(&self, selection: Selection, middle: ImagePx) -> f32 {
        match selection {
            Selection::NearestCentre => self.centre.0.distance(middle.0) + 1e-3,
            Selection::All | Selection::Largest => 1.0 / self.size.max(1e-3),
        }
    }
}

/// Remembers the chosen face, so that another one doesn't take over by a hair, nor at once when it is lost.
#[derive(Debug, Clone, Default)]
pub(super) struct Choice {
    chosen: Option<u64>,
}

impl Choice {
    /// The one to hand on. `returning` says whether a lost face of this id may still come back: then none is handed on,
    /// rather than a poster or a passer-by.
    pub(super) fn pick(
        &mut self,
        selection: Selection,
        middle: ImagePx,
        contenders: &[Contender],
        tuning: &SelectionTuning,
        returning: impl Fn(u64) -> bool,
    ) -> Option<u64> {
        let cost = |contender: &Contender| contender.cost(selection, middle);
        let best = contenders.iter().min_by(|a, b| cost(a).total_cmp(&cost(b)));
        let current = contenders.iter().find(|c| Some(c.id) == self.chosen);
        let next = match (current, best) {
            (Some(current), Some(best)) if cost(best) * tuning.lead < cost(current) => Some(best.id),
            (Some(current), _) => Some(current.id),
            (None, _) if self.chosen.is_some_and(&returning) => return None,
            (None, best) => best.map(|b| b.id),
        };
        self.chosen = next;
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use glam::Vec2;

    fn face(id: u64, x: f32, size: f32) -> Contender {
        Contender { id, centre: ImagePx(Vec2::new(x, 50.0)), size }
    }

    const MIDDLE: ImagePx = ImagePx(Vec2::new(100.0, 50.0));

    const TUNING: SelectionTuning = SelectionTuning { lead: 1.3 };

    #[test]
    fn the_largest_or_the_most_central_is_chosen() {
        let faces = [face(1, 90.0, 30.0), face(2, 10.0, 80.0)];
        assert_eq!(Choice::default().pick(Selection::Largest, MIDDLE, &faces, &TUNING, |_| false), Some(2));
        assert_eq!(
            Choice::default().pick(Selection::NearestCentre, MIDDLE, &faces, &TUNING, |_| false),
            Some(1)
        );
        assert_eq!(Choice::default().pick(Selection::Largest, MIDDLE, &[], &TUNING, |_| false), None);
    }

    #[test]
    fn a_hair_s_breadth_does_not_change_the_choice() {
        let mut choice = Choice::default();
        let mut pick =
            |faces: &[Contender]| choice.pick(Selection::Largest, MIDDLE, faces, &TUNING, |_| false);
        assert_eq!(pick(&[face(1, 0.0, 50.0), face(2, 0.0, 40.0)]), Some(1));
        assert_eq!(pick(&[face(1, 0.0, 50.0), face(2, 0.0, 60.0)]), Some(1));
        assert_eq!(pick(&[face(1, 0.0, 50.0), face(2, 0.0, 70.0)]), Some(2));
    }

    #[test]
    fn a_lost_face_is_awaited_before_another_takes_its_place() {
        let mut choice = Choice::default();
        assert_eq!(
            choice.pick(Selection::Largest, MIDDLE, &[face(1, 0.0, 50.0)], &TUNING, |_| false),
            Some(1)
        );
        let poster = [face(2, 0.0, 20.0)];
        assert_eq!(choice.pick(Selection::Largest, MIDDLE, &poster, &TUNING, |id| id == 1), None);
        assert_eq!(choice.pick(Selection::Largest, MIDDLE, &poster, &TUNING, |_| false), Some(2));
    }
}
