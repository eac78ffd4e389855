//! What `omote run` and `omote live` both take: personas, faces, look, badge, turning.

use std::path::{Path, PathBuf};

use clap::builder::{PossibleValue, PossibleValuesParser, RangedI64ValueParser, TypedValueParser};
use clap::{Args, value_parser};
use omote_engine::badge::Corner;
use omote_engine::composite::{Backend, Glasses};
use omote_engine::frame::{Frame, Rotation};
use omote_engine::infer::Provider;
use omote_engine::pipeline::{Privacy, RateLimit, Settings};
use omote_engine::swap::CutParams;
use omote_engine::swap::neural::CropOptions;
use omote_engine::track::{Selection, TrackerConfig};
use omote_kit::options::{
    BACKEND, BADGE, Choice, Count, EDGE, EYES, GLASSES, LIGHT, MAX_FACES, MIRROR, MODEL, MODEL_DETAIL,
    MODEL_MASK, MODEL_MORPH, MODEL_PROVIDER, MODEL_RATE, MODEL_SCALE, MODEL_SHARE, MOUTH, Number, OPACITY,
    PERSONA, ROTATE, SELECT, SHAPE, SHARPNESS, Setting, Values,
};
use omote_kit::swap_models::SwapOptions;

pub(crate) use omote_kit::options::LIVE_FACES;

/// Options of every command that puts personas on faces.
#[derive(Args, Clone, Debug)]
pub(crate) struct WearArgs {
    #[arg(long, short, help = PERSONA.help, value_name = PERSONA.value_name, default_value = PERSONA.kind.default)]
    pub(crate) persona: Vec<String>,
    #[arg(long, help = MAX_FACES.help, value_name = MAX_FACES.value_name, default_value_t = MAX_FACES.default(), value_parser = count(&MAX_FACES))]
    pub(crate) max_faces: u8,
    #[arg(long, help = SELECT.help, default_value = SELECT.default_name(), value_parser = choice(&SELECT))]
    pub(crate) select: Selection,
    #[arg(long, help = BACKEND.help, default_value = BACKEND.default_name(), value_parser = choice(&BACKEND))]
    pub(crate) backend: Backend,
    #[arg(long, help = BADGE.help, default_value = BADGE.default_name(), value_parser = choice(&BADGE))]
    pub(crate) badge: Corner,
    #[arg(long, help = OPACITY.help, value_name = OPACITY.value_name, default_value_t = OPACITY.default(), value_parser = number(&OPACITY))]
    pub(crate) opacity: f32,
    #[arg(long, help = LIGHT.help, value_name = LIGHT.value_name, default_value_t = LIGHT.default(), value_parser = number(&LIGHT))]
    pub(crate) light: f32,
    #[arg(long, help = SHAPE.help, value_name = SHAPE.value_name, default_value_t = SHAPE.default(), value_parser = number(&SHAPE))]
    pub(crate) shape: f32,
    #[arg(long, help = EYES.help, value_name = EYES.value_name, default_value_t = EYES.default(), value_parser = number(&EYES))]
    pub(crate) eyes: f32,
    #[arg(long, help = MOUTH.help, value_name = MOUTH.value_name, default_value_t = MOUTH.default(), value_parser = number(&MOUTH))]
    pub(crate) mouth: f32,
    #[arg(long, help = EDGE.help, value_name = EDGE.value_name, default_value_t = EDGE.default(), value_parser = number(&EDGE))]
    pub(crate) edge: f32,
    #[arg(long, help = SHARPNESS.help, value_name = SHARPNESS.value_name, default_value_t = SHARPNESS.default(), value_parser = number(&SHARPNESS))]
    pub(crate) sharpness: f32,
    #[arg(long, help = GLASSES.help, default_value = GLASSES.default_name(), value_parser = choice(&GLASSES))]
    pub(crate) glasses: Glasses,
    #[arg(long, help = MIRROR.help)]
    pub(crate) mirror: bool,
    #[arg(long, help = ROTATE.help, value_name = ROTATE.value_name, default_value = ROTATE.default_name(), value_parser = choice(&ROTATE))]
    pub(crate) rotate: Rotation,
    #[command(flatten)]
    pub(crate) model: ModelArgs,
    /// Data folder [default: $OMOTE_DATA, else the system's folder for user data]
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
}

/// Options about a swap model.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Swap model")]
pub(crate) struct ModelArgs {
    #[arg(long, help = MODEL.help, value_name = MODEL.value_name)]
    pub(crate) model: Option<String>,
    #[arg(long, help = MODEL_DETAIL.help, value_name = MODEL_DETAIL.value_name, default_value_t = MODEL_DETAIL.default(), value_parser = count(&MODEL_DETAIL))]
    pub(crate) model_detail: u8,
    #[arg(long, help = MODEL_MASK.help, value_name = MODEL_MASK.value_name)]
    pub(crate) model_mask: Vec<String>,
    #[arg(long, help = MODEL_PROVIDER.help, value_name = MODEL_PROVIDER.value_name, value_parser = crate::models_cmd::provider)]
    pub(crate) model_provider: Option<Provider>,
    #[arg(long, help = MODEL_RATE.help, value_name = MODEL_RATE.value_name, value_parser = |text: &str| MODEL_RATE.parse(text))]
    pub(crate) model_rate: Option<f32>,
    /// A share of 1, though it is typed in hundredths.
    #[arg(long, help = MODEL_SHARE.help, value_name = MODEL_SHARE.value_name, value_parser = |text: &str| MODEL_SHARE.parse(text).map(|percent| percent / 100.0))]
    pub(crate) model_share: Option<f32>,
    #[arg(long, help = MODEL_SCALE.help, value_name = MODEL_SCALE.value_name, default_value_t = MODEL_SCALE.default(), value_parser = number(&MODEL_SCALE))]
    pub(crate) model_scale: f32,
    #[arg(long, help = MODEL_MORPH.help, value_name = MODEL_MORPH.value_name, default_value_t = MODEL_MORPH.default(), value_parser = number(&MODEL_MORPH))]
    pub(crate) model_morph: f32,
}

impl Default for ModelArgs {
    /// As when nothing is typed.
    fn default() -> Self {
        Self {
            model: None,
            model_detail: MODEL_DETAIL.default(),
            model_mask: Vec::new(),
            model_provider: None,
            model_rate: None,
            model_share: None,
            model_scale: MODEL_SCALE.default(),
            model_morph: MODEL_MORPH.default(),
        }
    }
}

impl ModelArgs {
    /// The model that is named, and how it is worn.
    pub(crate) fn options(&self) -> Option<SwapOptions> {
        Some(SwapOptions {
            name: self.model.clone()?,
            crop: CropOptions {
                detail: usize::from(self.model_detail),
                scale: self.model_scale,
                morph: self.model_morph,
            },
            masks: self.model_mask.clone(),
            provider: self.model_provider,
            rate_limit: RateLimit { rate: self.model_rate, share: self.model_share },
        })
    }
}

/// Takes a number in a row's range.
fn number(row: &'static Setting<Number>) -> impl TypedValueParser<Value = f32> {
    move |text: &str| row.parse(text)
}

/// Takes a whole number in a row's range.
fn count(row: &'static Setting<Count>) -> RangedI64ValueParser<u8> {
    value_parser!(u8).range(i64::from(row.kind.least)..=i64::from(row.kind.most))
}

/// Takes one of a row's names.
pub(crate) fn choice<T: Copy + PartialEq + Send + Sync + 'static>(
    row: &'static Setting<Choice<T>>,
) -> impl TypedValueParser<Value = T> {
    let names = row.items().iter().map(|item| {
        let name = PossibleValue::new(item.name);
        if item.help.is_empty() { name } else { name.help(item.help) }
    });
    PossibleValuesParser::new(names).map(|name| row.named_or_default(&name))
}

impl WearArgs {
    /// Personas and models that are given as files, which no output may replace.
    pub(crate) fn files(&self) -> Vec<(&'static str, &Path)> {
        let package = |path: &&Path| {
            path.extension().is_some_and(|ending| ending == "omote") || path.join("persona.toml").exists()
        };
        let personas = self.persona.iter().map(Path::new).filter(package).map(|path| ("the persona", path));
        let model = self.model.model.as_deref().map(Path::new).filter(|path| path.is_file());
        personas.chain(model.map(|path| ("the model", path))).collect()
    }

    /// Where the options stand.
    fn values(&self, privacy: Privacy) -> Values {
        Values {
            opacity: self.opacity,
            light: self.light,
            shape: self.shape,
            eyes: self.eyes,
            mouth: self.mouth,
            edge: self.edge,
            sharpness: self.sharpness,
            glasses: self.glasses,
            privacy,
            corner: self.badge,
            backend: self.backend,
            mirror: self.mirror,
            rotate: self.rotate,
            max_faces: self.max_faces,
        }
    }

    /// The engine's settings, but for the output's size.
    pub(crate) fn settings(&self, privacy: Privacy) -> Settings {
        self.values(privacy).settings()
    }

    /// The tracker's settings.
    pub(crate) fn tracking(&self, privacy: Privacy) -> TrackerConfig {
        // Protecting means knowing of every face, not only of those that get a persona.
        let protect = privacy == Privacy::Protect;
        TrackerConfig {
            max_faces: if protect {
                usize::from(self.max_faces.max(LIVE_FACES))
            } else {
                usize::from(self.max_faces)
            },
            // As many as were asked for; the choice matters where only one is.
            selection: if protect || self.max_faces > 1 { Selection::All } else { self.select },
            ..TrackerConfig::default()
        }
    }

    /// How personas are cut.
    pub(crate) fn mask(&self) -> CutParams {
        self.values(Privacy::default()).mask()
    }
}

/// A size such as 1280x720.
pub(crate) fn size(text: &str) -> Result<(u32, u32), String> {
    let (w, h) = text.split_once(['x', 'X']).ok_or("give a size such as 1280x720")?;
    let side = |v: &str| match v.parse() {
        Ok(n) if (1..=Frame::MAX_SIDE).contains(&n) => Ok(n),
        _ => Err(format!("{v} is not between 1 and {} pixels", Frame::MAX_SIDE)),
    };
    Ok((side(w)?, side(h)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live_cmd::LiveArgs;
    use crate::run_cmd::RunArgs;
    use clap::{Arg, Command, Parser};
    use omote_kit::options::{ALL, Form, PRIVACY, Row};

    /// A command's arguments.
    #[derive(Debug, Parser)]
    struct Of<A: Args> {
        #[command(flatten)]
        args: A,
    }

    fn command<A: Args>() -> Command {
        A::augment_args(Command::new("omote"))
    }

    fn argument<'c>(command: &'c Command, row: &dyn Row) -> &'c Arg {
        let found = command.get_arguments().find(|arg| arg.get_long() == Some(row.name()));
        found.unwrap_or_else(|| panic!("there is no --{}", row.name()))
    }

    /// Whether a command takes an option with this value.
    fn takes(command: &Command, row: &dyn Row, value: &str) -> bool {
        let words =
            ["omote", "actor", "--out", "o.y4m"].into_iter().take(if is_run(command) { 4 } else { 1 });
        let option = format!("--{}={value}", row.name());
        command.clone().try_get_matches_from(words.chain([option.as_str()])).is_ok()
    }

    fn is_run(command: &Command) -> bool {
        command.get_arguments().any(|arg| arg.get_long() == Some("out"))
    }

    /// One line for each thing in which a command differs from the table.
    fn differences(command: &Command) -> Vec<String> {
        let mut found = Vec::new();
        for row in ALL.into_iter().filter(|row| !row.help().is_empty()) {
            let (name, arg) = (row.name(), argument(command, row));
            let mut expect = |what: &str, is: String, wanted: String| {
                if is != wanted {
                    found.push(format!("--{name}: its {what} is {is}, in the table {wanted}"));
                }
            };
            expect(
                "help",
                arg.get_help().map(ToString::to_string).unwrap_or_default(),
                row.help().to_owned(),
            );
            if !matches!(row.form(), Form::Flag(_)) {
                let shown = match row.value_name() {
                    "" => name.to_uppercase(),
                    named => named.to_owned(),
                };
                let names = arg.get_value_names().unwrap_or_default();
                expect("value", names.iter().map(|value| value.as_str()).collect(), shown);
            }
            let default = arg.get_default_values().first().and_then(|v| v.to_str()).unwrap_or_default();
            let names: Vec<_> = arg.get_possible_values();
            let names: Vec<_> = names
                .iter()
                .map(|v| (v.get_name(), v.get_help().map(ToString::to_string).unwrap_or_default()))
                .collect();
            // Just inside the range, and just outside.
            let mut ends = |inside: [String; 2], outside: [String; 2]| {
                for (value, wanted) in
                    inside.iter().map(|v| (v, true)).chain(outside.iter().map(|v| (v, false)))
                {
                    let taken = takes(command, row, value);
                    expect("range", format!("{value} {taken}"), format!("{value} {wanted}"));
                }
            };
            match row.form() {
                Form::Number(n) => {
                    ends(
                        [n.least.to_string(), n.most.to_string()],
                        [(n.least - 0.01).to_string(), (n.most + 0.01).to_string()],
                    );
                    expect("default", default.to_owned(), n.default.to_string());
                }
                Form::Count(n) => {
                    ends(
                        [n.least.to_string(), n.most.to_string()],
                        [(i16::from(n.least) - 1).to_string(), (i16::from(n.most) + 1).to_string()],
                    );
                    expect("default", default.to_owned(), n.default.to_string());
                }
                Form::Limit { range: (least, most), .. } => {
                    ends(
                        [least.to_string(), most.to_string()],
                        [(least / 2.0).to_string(), (most + 1.0).to_string()],
                    );
                    expect("default", default.to_owned(), String::new());
                }
                Form::Choice { items, default: first } => {
                    let wanted: Vec<_> =
                        items.iter().map(|(name, help, _)| (*name, (*help).to_owned())).collect();
                    expect("choices", format!("{names:?}"), format!("{wanted:?}"));
                    // Nobody watches `run` live.
                    let first = if name == PRIVACY.name && is_run(command) { "relaxed" } else { first };
                    expect("default", default.to_owned(), first.to_owned());
                }
                Form::Name(first) => expect("default", default.to_owned(), first.to_owned()),
                Form::Flag(on) => expect("default", on.to_string(), false.to_string()),
            }
        }
        found
    }

    #[test]
    fn the_options_of_run_and_live_are_the_table_s() {
        for command in [command::<RunArgs>(), command::<LiveArgs>()] {
            let found = differences(&command);
            assert!(found.is_empty(), "{}", found.join("\n"));
            let other = command.mut_arg("edge", |arg| arg.help("Softness").default_value("0.5"));
            assert_eq!(differences(&other).len(), 2, "the test is blind");
        }
    }

    #[test]
    fn nothing_typed_is_the_table_s_beginning() {
        let live = Of::<LiveArgs>::try_parse_from(["omote"]).unwrap().args;
        assert_eq!(live.wear.values(live.privacy), Values::default());
        let typed = ["omote", "--edge", "0.25", "--badge", "top-left", "--rotate", "270", "--backend", "cpu"];
        let live = Of::<LiveArgs>::try_parse_from(typed).unwrap().args;
        let (corner, rotate) = (Corner::TopLeft, Rotation::Left);
        let wanted = Values { edge: 0.25, corner, rotate, backend: Backend::Cpu, ..Values::default() };
        assert_eq!(live.wear.values(live.privacy), wanted);
        let typed = ["omote", "--model", "mine", "--model-share", "50", "--model-rate", "12"];
        let options = Of::<LiveArgs>::try_parse_from(typed).unwrap().args.wear.model.options().unwrap();
        assert_eq!(options.rate_limit, RateLimit { rate: Some(12.0), share: Some(0.5) });
        assert_eq!(options.crop, CropOptions::default());
    }
}
