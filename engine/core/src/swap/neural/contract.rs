//! What a swap model takes and gives, as data: families differ in nothing else.
//!
//! Figures as published by the field's programs for each family (`docs/models.md` names them). A side-car file
//! `<model>.toml` beside a model overrides them, so a family that is not known here needs no new code.

use super::align::Template;
use serde::{Deserialize, Serialize};

/// A family of models.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Family {
    /// InsightFace's inswapper, 128 pixels.
    Inswapper,
    /// InStyleSwapper, 256 pixels, made as inswapper is.
    Instyleswapper,
    /// FaceFusion's hyperswap, 256 pixels, with a mask.
    Hyperswap,
    /// SimSwap, 256 pixels.
    Simswap,
    /// The unofficial SimSwap of 512 pixels.
    SimswapUnofficial,
    /// Ghost 1, 2 and 3.
    Ghost,
    /// HifiFace.
    Hififace,
    /// UniFace, which takes a picture of the source face.
    Uniface,
    /// BlendSwap, which takes a picture of the source face.
    Blendswap,
    /// CSCS.
    Cscs,
    /// DeepFaceLive's models: one face each, trained into the file.
    Dfm,
    /// None of these: what a side-car file says.
    Other,
}

impl Family {
    /// Every family that is known by name.
    pub const KNOWN: [Self; 11] = [
        Self::Inswapper,
        Self::Instyleswapper,
        Self::Hyperswap,
        Self::Simswap,
        Self::SimswapUnofficial,
        Self::Ghost,
        Self::Hififace,
        Self::Uniface,
        Self::Blendswap,
        Self::Cscs,
        Self::Dfm,
    ];

    /// Its name on command lines and in files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Inswapper => "inswapper",
            Self::Instyleswapper => "instyleswapper",
            Self::Hyperswap => "hyperswap",
            Self::Simswap => "simswap",
            Self::SimswapUnofficial => "simswap-unofficial",
            Self::Ghost => "ghost",
            Self::Hififace => "hififace",
            Self::Uniface => "uniface",
            Self::Blendswap => "blendswap",
            Self::Cscs => "cscs",
            Self::Dfm => "dfm",
            Self::Other => "other",
        }
    }

    /// The family of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::KNOWN.into_iter().find(|f| f.name() == name)
    }

    /// The licence under which its models are known to be given out. What a user's own file is under, its maker says.
    #[must_use]
    pub fn licence(self) -> &'static str {
        match self {
            Self::Inswapper => "InsightFace, non-commercial research",
            Self::Hyperswap => "FaceFusion, ResearchRAIL",
            Self::Ghost => "Apache-2.0",
            Self::Simswap => "SimSwap, non-commercial",
            Self::SimswapUnofficial => "non-commercial",
            Self::Blendswap => "BlendSwap, non-commercial",
            Self::Instyleswapper | Self::Hififace | Self::Uniface | Self::Cscs | Self::Dfm | Self::Other => {
                "unknown: ask whoever made the file"
            }
        }
    }
}

/// Where the channels stand in a tensor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TensorLayout {
    /// `[1, 3, height, width]`.
    #[default]
    Nchw,
    /// `[1, height, width, 3]`.
    Nhwc,
}

/// The order of the channels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channels {
    /// Red first.
    #[default]
    Rgb,
    /// Blue first.
    Bgr,
}

/// The values of a picture tensor that stand for 0..=1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ValueRange {
    /// 0..=1 itself.
    #[default]
    #[serde(rename = "0..1")]
    Unit,
    /// −1..=1.
    #[serde(rename = "-1..1")]
    Signed,
}

/// What tells a model whose face it is to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind", deny_unknown_fields)]
pub enum SourceKind {
    /// Nothing: the face is in the file.
    Built,
    /// The recogniser's vector, of unit length.
    Unit,
    /// The unit vector times the 512 × 512 matrix in the model's file, of unit length again.
    Latent,
    /// The vector through the family's converter.
    Converted {
        /// Whether it is brought to unit length.
        unit: bool,
    },
    /// The recogniser's unit vector plus that of the family's own adapter network, both of an FFHQ crop; without the
    /// adapter the recogniser's alone, as [`SourceKind::Unit`], for a weaker likeness.
    Adapted,
    /// A picture of the face, 0..=1 RGB.
    Picture {
        /// Its side in pixels.
        side: usize,
        /// How it is aligned.
        template: Template,
    },
}

/// What says which pixels of the result count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MaskKind {
    /// Nothing: all do.
    #[default]
    None,
    /// A second output of one channel, 0..=1.
    Output,
    /// Outputs 0 and 2: where the live face and the made one are; both must say yes.
    Dfm,
}

/// What a model takes and gives.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contract {
    /// Its family.
    pub family: Family,
    /// How the live face is aligned.
    pub template: Template,
    /// Width and height of the target in pixels.
    pub size: [usize; 2],
    /// Layout of target and result.
    #[serde(default)]
    pub layout: TensorLayout,
    /// Channel order of target and result.
    #[serde(default)]
    pub channels: Channels,
    /// The target is (v − mean) / std for v = R'G'B' in 0..=1.
    #[serde(default)]
    pub mean: [f32; 3],
    /// See `mean`.
    #[serde(default = "ones")]
    pub std: [f32; 3],
    /// What tells whose face it is to be.
    pub source: SourceKind,
    /// Range of the result.
    #[serde(default)]
    pub range: ValueRange,
    /// Which of the result's pixels count.
    #[serde(default)]
    pub mask: MaskKind,
    /// The licence, as far as it is known.
    #[serde(default)]
    pub licence: String,
}

fn ones() -> [f32; 3] {
    [1.0; 3]
}

/// ImageNet's mean and deviation of R'G'B'.
const IMAGENET: ([f32; 3], [f32; 3]) = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]);
/// To −1..=1.
const SIGNED: ([f32; 3], [f32; 3]) = ([0.5; 3], [0.5; 3]);
/// As it is.
const PLAIN: ([f32; 3], [f32; 3]) = ([0.0; 3], [1.0; 3]);

impl Contract {
    /// What models of a family take and give. `size` counts for families of any size only.
    #[must_use]
    pub fn for_family(family: Family, size: [usize; 2]) -> Self {
        use SourceKind::{Adapted, Built, Converted, Latent, Picture, Unit};
        let picture = |side, template| Picture { side, template };
        let (template, side, (mean, std), source, range) = match family {
            Family::Inswapper => (Template::Arcface128, 128, PLAIN, Latent, ValueRange::Unit),
            Family::Instyleswapper => (Template::Arcface128, 256, PLAIN, Latent, ValueRange::Unit),
            Family::Hyperswap => (Template::Arcface128, 256, SIGNED, Unit, ValueRange::Signed),
            Family::Simswap => {
                (Template::ArcfaceV1, 256, IMAGENET, Converted { unit: true }, ValueRange::Unit)
            }
            Family::SimswapUnofficial => {
                (Template::ArcfaceV1, 512, PLAIN, Converted { unit: true }, ValueRange::Unit)
            }
            Family::Ghost => {
                (Template::ArcfaceV1, 256, SIGNED, Converted { unit: false }, ValueRange::Signed)
            }
            Family::Hififace => (Template::Mtcnn, 256, SIGNED, Converted { unit: true }, ValueRange::Signed),
            Family::Uniface => {
                (Template::Ffhq, 256, SIGNED, picture(256, Template::Ffhq), ValueRange::Signed)
            }
            Family::Blendswap => {
                (Template::Ffhq, 256, PLAIN, picture(112, Template::ArcfaceV2), ValueRange::Unit)
            }
            Family::Cscs => (Template::Ffhq, 256, SIGNED, Adapted, ValueRange::Signed),
            Family::Dfm | Family::Other => (Template::WholeFace, 0, PLAIN, Built, ValueRange::Unit),
        };
        let dfm = family == Family::Dfm;
        Self {
            family,
            template,
            size: if side == 0 { size } else { [side; 2] },
            layout: if dfm { TensorLayout::Nhwc } else { TensorLayout::Nchw },
            channels: if dfm { Channels::Bgr } else { Channels::Rgb },
            mean,
            std,
            source,
            range,
            mask: match family {
                Family::Dfm => MaskKind::Dfm,
                Family::Hyperswap => MaskKind::Output,
                _ => MaskKind::None,
            },
            licence: family.licence().to_owned(),
        }
    }

    /// Shape of target and result.
    #[must_use]
    pub fn shape(&self) -> [usize; 4] {
        let [w, h] = self.size;
        match self.layout {
            TensorLayout::Nchw => [1, 3, h, w],
            TensorLayout::Nhwc => [1, h, w, 3],
        }
    }

    /// Reads a side-car file.
    ///
    /// # Errors
    /// What does not fit, in plain words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut contract: Self = toml::from_str(text).map_err(|e| e.to_string())?;
        let finite = contract.mean.iter().chain(&contract.std).all(|v| v.is_finite());
        if !finite || contract.std.contains(&0.0) {
            return Err("mean and std must be finite, and std not 0".to_owned());
        }
        if let SourceKind::Picture { side, .. } = contract.source
            && !(32..=MOST_SIDE).contains(&side)
        {
            return Err(format!("the source's side must be 32 to {MOST_SIDE} pixels, found {side}"));
        }
        if matches!(contract.source, SourceKind::Converted { .. }) && contract.family == Family::Other {
            return Err("a converted vector needs the family that its converter is for".to_owned());
        }
        if !contract.size.iter().all(|n| (32..=MOST_SIDE).contains(n)) {
            return Err(format!("size must be 32 to {MOST_SIDE} pixels a side, found {:?}", contract.size));
        }
        if contract.licence.trim().is_empty() {
            contract.licence = contract.family.licence().to_owned();
        }
        Ok(contract)
    }
}

/// The largest picture that a model may want, pixels a side.
pub const MOST_SIDE: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contract_survives_its_file() {
        for family in Family::KNOWN {
            let contract = Contract::for_family(family, [224, 320]);
            let text = toml::to_string(&contract).unwrap();
            assert_eq!(Contract::parse(&text).unwrap(), contract, "{text}");
            assert_eq!(Family::named(family.name()), Some(family));
        }
    }

    #[test]
    fn a_short_side_car_will_do_and_a_wrong_one_is_refused() {
        let short =
            "family = \"other\"\ntemplate = \"ffhq\"\nsize = [256, 256]\nsource = { kind = \"unit\" }\n";
        let contract = Contract::parse(short).unwrap();
        assert_eq!((contract.mean, contract.std, contract.range), ([0.0; 3], [1.0; 3], ValueRange::Unit));
        assert_eq!(contract.shape(), [1, 3, 256, 256]);
        assert!(Contract::parse(&short.replace("ffhq", "nose")).is_err());
        assert!(
            Contract::parse(&short.replace("[256, 256]", "[8, 256]")).unwrap_err().contains("32 to 1024")
        );
        assert!(Contract::parse(&format!("{short}std = [1.0, 0.0, 1.0]\n")).unwrap_err().contains("std"));
        assert!(Contract::parse(&format!("{short}colour = 3\n")).is_err());
        let picture =
            short.replace("kind = \"unit\"", "kind = \"picture\", side = 60000, template = \"ffhq\"");
        assert!(Contract::parse(&picture).unwrap_err().contains("60000"));
        assert!(Contract::parse(&short.replace("\"unit\"", "\"converted\", unit = true")).is_err());
        assert!(!contract.licence.is_empty());
    }
}
