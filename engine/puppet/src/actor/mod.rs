//! The built-in moving face: a fictional composite before a painted room, animated by [`crate`].
//!
//! Every frame is a function of the seed and its number alone, and its landmarks are known: the moving face
//! of demo, tests and benches, without a camera and without anyone's likeness.

mod card;
mod chance;
mod paint;
mod portrait;
mod room;
mod script;
mod source;

pub use portrait::{Composite, composite};
pub use source::ActorSource;

use crate::{Drawing, Expression, Puppet, PuppetPose};
use card::Card;
use glam::Vec2;
use omote_files::source::Rate;
use omote_frame::error::{Error, ErrorKind, Result, Stage};
use omote_frame::space::MeshPoint;
use omote_frame::topology::OVAL;
use omote_frame::{Colour, Frame, FrameId, PixelFormat};
use room::Room;
use script::{Moment, Script};

/// What the actor does, and how its pictures are made. Times are seconds from the start.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ActorOptions {
    /// Decides movements, room and grain.
    pub seed: u64,
    /// Width in pixels, at least [`Actor::LEAST_SIZE`]'s.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Frames a second.
    pub rate: Rate,
    /// Format of the frames; Y'CbCr is BT.601, full range.
    pub format: PixelFormat,
    /// Nothing moves: neither face nor light.
    pub still: bool,
    /// The face is out of the picture between these times; it takes 0.7 s to leave and to come back.
    pub exit: Option<(f64, f64)>,
    /// A card covers the face between these times; it takes 0.4 s to come and to go.
    pub hidden: Option<(f64, f64)>,
    /// A second person stands beside the first.
    pub second: bool,
    /// Standard deviation of the sensor's noise in 8-bit codes.
    pub noise: f32,
}

impl ActorOptions {
    /// One face that moves, with a little noise, in I420.
    pub fn new(seed: u64, width: u32, height: u32, rate: Rate) -> Self {
        Self {
            seed,
            width,
            height,
            rate,
            format: PixelFormat::I420,
            still: false,
            exit: None,
            hidden: None,
            second: false,
            noise: 1.2,
        }
    }
}

/// A face in a frame, as it truly is.
#[derive(Clone, Debug, PartialEq)]
pub struct ActorFace {
    /// The 478 landmarks in image pixels; (0, 0) is the middle of the top-left pixel. They may lie outside.
    pub landmarks: Vec<MeshPoint>,
    /// How person and head stand, from the portrait's pixels to the picture's.
    pub pose: PuppetPose,
    /// How the face differs from the portrait's.
    pub expression: Expression,
    /// Share of the face oval that lies in the picture and is not covered, 0..=1.
    pub visible: f32,
}

/// A picture of the actor and what is true of it.
#[derive(Clone, Debug, PartialEq)]
pub struct ActorFrame {
    /// The picture.
    pub frame: Frame,
    /// The faces: one or two, in the same order in every frame.
    pub faces: Vec<ActorFace>,
}

/// Height of the face oval as a share of the picture's short side.
const FACE: f32 = 0.459;
/// With two persons: that share, and the places across in heights of the picture.
const FACE_OF_TWO: f32 = 0.40;
const APART: f32 = 0.42;
/// The face's middle as a share of the height.
const MIDDLE: f32 = 0.46;

struct Person {
    puppet: Puppet,
    script: Script,
    middle: Vec2,
    face: f32,
    drawing: Drawing,
}

/// The built-in moving face.
pub struct Actor {
    options: ActorOptions,
    room: Room,
    /// An opaque picture to paint over.
    blank: Frame,
    /// From the back to the front; the main person is the last.
    people: Vec<Person>,
}

impl Actor {
    /// Least width and height.
    pub const LEAST_SIZE: (u32, u32) = (160, 120);

    /// One face that moves, in I420.
    ///
    /// # Errors
    /// As [`Actor::with`].
    pub fn new(seed: u64, width: u32, height: u32, rate: Rate) -> Result<Self> {
        Self::with(ActorOptions::new(seed, width, height, rate))
    }

    /// An actor that does as the options say.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`] where the size is below [`Actor::LEAST_SIZE`] or above
    /// [`Frame::MAX_SIDE`].
    pub fn with(options: ActorOptions) -> Result<Self> {
        let (width, height) = (options.width, options.height);
        let (least_w, least_h) = Self::LEAST_SIZE;
        let max = Frame::MAX_SIDE;
        if width < least_w || height < least_h || width > max || height > max {
            let message = format!(
                "the actor can't be {width}x{height}: choose a size from {least_w}x{least_h} to {max}x{max}"
            );
            return Err(Error::new(ErrorKind::Unsupported, Stage::Source, message));
        }
        let size = Vec2::new(width as f32, height as f32);
        let cast: &[(Composite, f32)] = if options.second {
            &[(Composite::Two, 1.0), (Composite::One, -1.0)]
        } else {
            &[(Composite::One, 0.0)]
        };
        let people = cast.iter().enumerate().map(|(k, (who, side))| {
            let share = if options.second { FACE_OF_TWO } else { FACE };
            // Two persons need room side by side.
            let short = if options.second { size.y.min(size.x * 0.75) } else { size.min_element() };
            let middle = Vec2::new(size.x * 0.5 + side * APART * short, size.y * MIDDLE);
            Ok(Person {
                puppet: composite(*who)?,
                script: Script::new(chance::mix(options.seed, k as u64 + 1 - cast.len() as u64 % 2)),
                middle,
                face: short * share,
                drawing: Drawing::default(),
            })
        });
        let people = people.collect::<Result<_>>()?;
        let blank = Frame::filled(options.format, Colour::JPEG, width, height, [0; 3]).map_err(|e| {
            Error::wrap(ErrorKind::Unsupported, Stage::Source, "the actor's picture can't be made", e)
        })?;
        Ok(Self { room: Room::new(options.seed, width, height), blank, people, options })
    }

    /// The options it was made with.
    pub fn options(&self) -> &ActorOptions {
        &self.options
    }

    /// From now on frames' bytes come from `pool`.
    pub fn paint_into(&mut self, pool: &omote_frame::pool::Pool) {
        self.blank = self.blank.clone_into(pool);
    }

    /// Frame `index`: always the same for the same options.
    pub fn frame(&mut self, index: u64) -> ActorFrame {
        let o = self.options;
        let time = if o.still { 0.0 } else { index as f64 / o.rate.per_second() };
        let mut faces: Vec<ActorFace> = Vec::with_capacity(self.people.len());
        let mut card = None;
        let mut light = None;
        let last = self.people.len().saturating_sub(1);
        for (k, person) in self.people.iter_mut().enumerate() {
            let mut moment = if o.still { Moment::still() } else { person.script.at(time) };
            if let (Some(exit), true) = (o.exit, k == last) {
                moment.leave(script::window(time, exit, 0.7));
            }
            let (pose, landmarks) = person.place(&moment, o.width);
            let light = *light.get_or_insert(moment.light);
            person.puppet.render(&pose, &landmarks, o.width, o.height, Some(&light), &mut person.drawing);
            if let (Some(hidden), true) = (o.hidden, k == last) {
                let up = script::window(time, hidden, 0.4);
                card = Card::over(&landmarks, person.face, up, o.height);
            }
            faces.push(ActorFace { landmarks, pose, expression: moment.expression, visible: 0.0 });
        }
        for face in &mut faces {
            face.visible = visible(&face.landmarks, o.width, o.height, card.as_ref());
        }
        let tint = light.map_or(glam::Vec3::ONE, script::tint);
        let drawings: Vec<&Drawing> = self.people.iter().map(|p| &p.drawing).collect();
        let seed = chance::mix(o.seed, index);
        let mut frame = self.blank.clone();
        paint::paint(&mut frame, &self.room, &drawings, card.as_ref(), tint, o.noise, seed);
        frame.id = FrameId(index);
        frame.time = o.rate.time(index);
        faces.reverse();
        ActorFrame { frame, faces }
    }
}

impl Person {
    /// Pose and landmarks in the picture at a moment.
    fn place(&self, moment: &Moment, width: u32) -> (PuppetPose, Vec<MeshPoint>) {
        let away = moment.away * (width as f32 - self.middle.x + 2.2 * self.face);
        let middle = self.middle + moment.shift * self.face + Vec2::new(away, 0.0);
        let straight = self.puppet.placed(middle, self.face * moment.zoom);
        let pose = PuppetPose { yaw: moment.yaw, pitch: moment.pitch, roll: moment.roll, ..straight };
        let landmarks = self.puppet.points(&pose, &moment.expression);
        (pose, landmarks)
    }
}

fn visible(points: &[MeshPoint], width: u32, height: u32, card: Option<&Card>) -> f32 {
    let last = Vec2::new((width - 1) as f32, (height - 1) as f32);
    let oval = OVAL.iter().filter_map(|i| points.get(usize::from(*i))).map(|p| p.truncate());
    let seen = oval
        .filter(|p| p.cmpge(Vec2::ZERO).all() && p.cmple(last).all() && !card.is_some_and(|c| c.covers(*p)));
    seen.count() as f32 / OVAL.len() as f32
}
