//! The kinds of networks that there are stand-ins for, with the names, sizes and ranges of each.

use super::{CLASSES, Emap, Open, Port, Range, Role, StandIn, Storage, VECTOR};

impl Port {
    fn new(name: &str, shape: &[usize]) -> Self {
        Self { name: name.into(), shape: shape.to_vec() }
    }

    /// A square picture, NCHW.
    fn image(name: &str, channels: usize, side: usize) -> Self {
        Self::new(name, &[1, channels, side, side])
    }

    fn vector(name: &str) -> Self {
        Self::new(name, &[1, VECTOR])
    }

    /// Whether the port is a picture in NHWC order.
    pub(super) fn is_nhwc(&self) -> bool {
        matches!(self.shape[..], [_, second, _, last] if second != 3 && (last == 3 || (last == 1 && second != 1)))
    }
}

impl StandIn {
    fn new(name: &'static str, role: Role, inputs: Vec<Port>, outputs: Vec<Port>) -> Self {
        Self {
            name,
            role,
            inputs,
            outputs,
            target: Range::UNIT,
            result: Range::UNIT,
            bgr: false,
            open: Open::Nothing,
            emap: None,
            work: None,
            fault: None,
        }
    }

    fn vector_swap(name: &'static str, side: usize, [target, source, output]: [&str; 3]) -> Self {
        let inputs = vec![Port::image(target, 3, side), Port::vector(source)];
        Self::new(name, Role::VectorSwap, inputs, vec![Port::image(output, 3, side)])
    }

    fn image_swap(name: &'static str, side: usize, source: usize) -> Self {
        let inputs = vec![Port::image("target", 3, side), Port::image("source", 3, source)];
        Self::new(name, Role::ImageSwap, inputs, vec![Port::image("output", 3, side)])
    }

    fn ranges(self, target: Range, result: Range) -> Self {
        Self { target, result, ..self }
    }

    fn with_emap(self) -> Self {
        let emap = Emap { name: "buff2fs".into(), storage: Storage::Floats, last: true };
        Self { emap: Some(emap), ..self }
    }

    /// inswapper: 128, 0..1 in and out, with the matrix.
    #[must_use]
    pub fn inswapper_128() -> Self {
        Self::vector_swap("inswapper_128", 128, ["target", "source", "output"]).with_emap()
    }

    /// InStyleSwapper: as inswapper, 256.
    #[must_use]
    pub fn instyleswapper_256() -> Self {
        Self::vector_swap("instyleswapper_256", 256, ["target", "source", "output"]).with_emap()
    }

    /// hyperswap: 256, −1..1 in and out, and a mask.
    #[must_use]
    pub fn hyperswap_256() -> Self {
        let mut this = Self::vector_swap("hyperswap_256", 256, ["target", "source", "output"])
            .ranges(Range::SIGNED, Range::SIGNED);
        this.outputs.push(Port::image("mask", 1, 256));
        this
    }

    /// SimSwap: 256, ImageNet's normalisation in, 0..1 out.
    #[must_use]
    pub fn simswap_256() -> Self {
        Self::vector_swap("simswap_256", 256, ["target", "source", "output"])
            .ranges(Range::IMAGENET, Range::UNIT)
    }

    /// The larger SimSwap with its other names: 512, 0..1 in and out.
    #[must_use]
    pub fn simswap_unofficial_512() -> Self {
        Self::vector_swap("simswap_unofficial_512", 512, ["input", "onnx::Gemm_1", "output"])
    }

    /// Ghost, version 1: 256, −1..1 in and out, a number as output name.
    #[must_use]
    pub fn ghost_256() -> Self {
        Self::vector_swap("ghost_256", 256, ["target", "source", "781"]).ranges(Range::SIGNED, Range::SIGNED)
    }

    /// HifiFace: 256, −1..1 in and out.
    #[must_use]
    pub fn hififace_256() -> Self {
        Self::vector_swap("hififace_256", 256, ["target", "source", "output"])
            .ranges(Range::SIGNED, Range::SIGNED)
    }

    /// CSCS: 256, −1..1 in and out, numbered input names.
    #[must_use]
    pub fn cscs_256() -> Self {
        Self::vector_swap("cscs_256", 256, ["input_1", "input_2", "output"])
            .ranges(Range::SIGNED, Range::SIGNED)
    }

    /// UniFace: 256, −1..1 in and out, source picture of 256.
    #[must_use]
    pub fn uniface_256() -> Self {
        Self::image_swap("uniface_256", 256, 256).ranges(Range::SIGNED, Range::SIGNED)
    }

    /// BlendSwap: 256, 0..1 in and out, source picture of 112.
    #[must_use]
    pub fn blendswap_256() -> Self {
        Self::image_swap("blendswap_256", 256, 112)
    }

    /// DFM without morph value (type 1), NHWC, BGR, 0..1, open batch; 224x224 is common.
    #[must_use]
    pub fn dfm(width: usize, height: usize) -> Self {
        let port = |name, channels| Port::new(name, &[1, height, width, channels]);
        let outputs =
            vec![port("out_face_mask:0", 1), port("out_celeb_face:0", 3), port("out_celeb_face_mask:0", 1)];
        let this = Self::new("dfm", Role::Dfm, vec![port("in_face:0", 3)], outputs);
        Self { bgr: true, open: Open::Batch, ..this }
    }

    /// DFM with morph value (type 2).
    #[must_use]
    pub fn dfm_morph(width: usize, height: usize) -> Self {
        let mut this = Self::dfm(width, height);
        this.name = "dfm_morph";
        this.inputs.push(Port::new("morph_value:0", &[1]));
        this
    }

    /// ArcFace recogniser: 112, −1..1, numbered names.
    #[must_use]
    pub fn recogniser() -> Self {
        let (inputs, outputs) = (vec![Port::image("input.1", 3, 112)], vec![Port::vector("683")]);
        Self::new("recogniser", Role::Recogniser, inputs, outputs).ranges(Range::SIGNED, Range::UNIT)
    }

    /// CrossFace converter between recognisers. [`super::Work`] has no effect on it.
    #[must_use]
    pub fn converter() -> Self {
        Self::new("converter", Role::Converter, vec![Port::vector("input")], vec![Port::vector("output")])
    }

    /// XSeg, 256, NHWC, BGR, 0..1.
    #[must_use]
    pub fn xseg_nhwc() -> Self {
        let inputs = vec![Port::new("input", &[1, 256, 256, 3])];
        let outputs = vec![Port::new("output", &[1, 256, 256, 1])];
        Self { bgr: true, ..Self::new("xseg_nhwc", Role::Mask, inputs, outputs) }
    }

    /// XSeg, 256, NCHW, RGB, 0..1.
    #[must_use]
    pub fn xseg_nchw() -> Self {
        let inputs = vec![Port::image("in_face:0", 3, 256)];
        Self::new("xseg_nchw", Role::Mask, inputs, vec![Port::image("out_mask:0", 1, 256)])
    }

    /// Occluder, 256, RGB, 0..1, logits.
    #[must_use]
    pub fn occluder() -> Self {
        let inputs = vec![Port::image("img", 3, 256)];
        Self::new("occluder", Role::MaskLogits, inputs, vec![Port::image("output", 1, 256)])
    }

    /// BiSeNet face parser, 512, ImageNet's normalisation.
    #[must_use]
    pub fn bisenet() -> Self {
        let inputs = vec![Port::image("input", 3, 512)];
        Self::new("bisenet", Role::Parser, inputs, vec![Port::image("output", CLASSES, 512)])
            .ranges(Range::IMAGENET, Range::UNIT)
    }

    /// One of each family, DFM at 224x224.
    #[must_use]
    pub fn all() -> Vec<Self> {
        vec![
            Self::inswapper_128(),
            Self::instyleswapper_256(),
            Self::hyperswap_256(),
            Self::simswap_256(),
            Self::simswap_unofficial_512(),
            Self::ghost_256(),
            Self::hififace_256(),
            Self::cscs_256(),
            Self::uniface_256(),
            Self::blendswap_256(),
            Self::dfm(224, 224),
            Self::dfm_morph(224, 224),
            Self::recogniser(),
            Self::converter(),
            Self::xseg_nhwc(),
            Self::xseg_nchw(),
            Self::occluder(),
            Self::bisenet(),
        ]
    }
}
