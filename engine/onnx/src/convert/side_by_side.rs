//! Puts networks that differ in their weights alone side by side: the heads of the 478-point network become one network whose
//! convolutions have a group for each head, those that look at the irises another. Such small networks spend their time on
//! the number of their nodes: side by side the heads take two thirds of it.

use std::collections::HashMap;

use super::ConvertError;
use crate::attention::{HEADS, SLOT};
use crate::builder::{Builder, NHWC_TO_NCHW};
use crate::onnx::{Attribute, FLOAT, NodeProto, TensorProto, ValueInfo, to_i64};

/// Names of the input, and of the outputs: of what looks at the patches, and of what looks at its features.
const PATCHES: &str = "patches";
const OUTPUTS: [&str; 2] = ["points", "irises"];

/// One of the networks.
struct Chain {
    /// In order of execution, with the constants that they take.
    nodes: Vec<NodeProto>,
    constants: HashMap<String, TensorProto>,
    /// The value that it starts from, the one that it gives, and how many numbers those are.
    source: String,
    end: String,
    values: usize,
}

fn unlike<T>(why: impl Into<String>) -> Result<T, ConvertError> {
    Err(ConvertError::Graph { why: format!("its heads are not alike: {}", why.into()) })
}

impl Chain {
    /// Takes the network that gives `end` out of a builder.
    fn extract(from: &mut Builder, end: &ValueInfo) -> Result<Self, ConvertError> {
        let (nodes, constants) = from.extract(std::iter::once(end.name.as_str()));
        let constants: HashMap<_, _> = constants.into_iter().map(|c| (c.name.clone(), c)).collect();
        let made = |name: &str| nodes.iter().any(|node| node.output.iter().any(|output| output == name));
        let mut sources = nodes.iter().flat_map(|node| &node.input);
        let source = sources.find(|name| !name.is_empty() && !constants.contains_key(*name) && !made(name));
        let Some(source) = source.cloned() else {
            return unlike(format!("{} starts from nothing", end.name));
        };
        Ok(Self { nodes, constants, source, end: end.name.clone(), values: end.sizes().iter().product() })
    }

    fn makes(&self, name: &str) -> bool {
        self.nodes.iter().any(|node| node.output.iter().any(|output| output == name))
    }
}

/// The second part of a network with all of [`HEADS`], whose patches are of one shape `[1, height, width, channels]`, side by
/// side. Its input has the patches' channels one behind the other; of its outputs each head, or eye, has [`SLOT`] values, or as
/// many as the next multiple of it, the last of them zeros.
///
/// # Errors
/// [`ConvertError::Graph`] where the heads differ in more than their weights.
pub(super) fn side_by_side(
    from: &mut Builder,
    patches: &[ValueInfo],
    ends: &[ValueInfo],
) -> Result<(Builder, Vec<ValueInfo>, Vec<ValueInfo>), ConvertError> {
    let sizes = patches.first().map(ValueInfo::sizes).unwrap_or_default();
    let &[n, height, width, channels] = sizes.as_slice() else { return unlike("patches of another rank") };
    if patches.iter().any(|patch| patch.sizes() != sizes) {
        return unlike("patches of several sizes");
    }
    let mut chains = ends.iter().map(|end| Chain::extract(from, end)).collect::<Result<Vec<_>, _>>()?;
    let mut heads = Vec::new();
    for head in HEADS {
        match chains.iter().position(|chain| chain.source == head.input) {
            Some(at) => heads.push(chains.remove(at)),
            None => return unlike(format!("none looks at {} alone", head.input)),
        }
    }
    let mut whole = Whole::default();
    let all = channels * heads.len();
    let planar = whole.builder.transpose(PATCHES, NHWC_TO_NCHW);
    let mut outputs = vec![whole.add(&heads, planar, channels, OUTPUTS[0])?];
    if !chains.is_empty() {
        let (features, channels) = whole.features(&heads, &mut chains)?;
        outputs.push(whole.add(&chains, features, channels, OUTPUTS[1])?);
    }
    Ok((whole.builder, vec![ValueInfo::floats(PATCHES, &[n, height, width, all])], outputs))
}

/// What the networks become.
#[derive(Default)]
struct Whole {
    builder: Builder,
    /// Where the networks' values lie: the whole's value, and how many of its channels are each one's.
    places: HashMap<String, (String, usize)>,
}

impl Whole {
    /// The values of some heads that `chains` start from: one behind the other, and the channels of each. Sorts the chains by
    /// their heads.
    fn features(&mut self, heads: &[Chain], chains: &mut [Chain]) -> Result<(String, usize), ConvertError> {
        let head = |chain: &Chain| heads.iter().position(|head| head.makes(&chain.source));
        chains.sort_by_key(head);
        let first = chains.first().and_then(head);
        let places: Vec<_> = chains.iter().map(|chain| self.places.get(&chain.source)).collect();
        let (Some(first), Some(Some((value, channels)))) = (first, places.first()) else {
            return unlike("what an iris is looked for in is no head's");
        };
        if places.iter().any(|place| place != &places[0])
            || !chains.iter().map(head).eq((first..first + chains.len()).map(Some))
        {
            return unlike("irises are looked for in unlike features");
        }
        let (value, channels) = (value.clone(), *channels);
        let [from, to] = [first, first + chains.len()].map(|head| to_i64(&[head * channels]));
        let [from, to, axis] = [from, to, vec![1]].map(|numbers| self.builder.ints(&numbers));
        Ok((self.builder.node("Slice", &[&value, &from, &to, &axis], vec![]), channels))
    }

    /// Adds networks that start from one value, `channels` of it each; returns the output that they give.
    fn add(
        &mut self,
        chains: &[Chain],
        source: String,
        channels: usize,
        output: &str,
    ) -> Result<ValueInfo, ConvertError> {
        // Without this the residuals that begin here would keep ONNX Runtime from its blocked layouts.
        let source = self.builder.scale_channels(&source, &vec![1.0; channels * chains.len()]);
        for chain in chains {
            self.places.insert(chain.source.clone(), (source.clone(), channels));
        }
        let mut filters = vec![0; chains.len()];
        let longest = chains.iter().map(|chain| chain.nodes.len()).max().unwrap_or(0);
        for step in 0..longest {
            let Some(row) = chains.iter().map(|c| c.nodes.get(step)).collect::<Option<Vec<&NodeProto>>>()
            else {
                return unlike("one is longer");
            };
            let place = self.step(chains, &row, &mut filters)?;
            for name in row.iter().flat_map(|node| &node.output) {
                self.places.insert(name.clone(), place.clone());
            }
        }
        // As many values as filters: nothing is left of height and width, and the order of elements is the same.
        if !chains.iter().map(|chain| chain.values).eq(filters) {
            return unlike("their ends are more than a list");
        }
        let place = chains.first().and_then(|chain| self.places.get(&chain.end)).cloned();
        let Some((value, each)) = place else { return unlike("nothing yields their end") };
        self.builder.named("Identity", &[&value], output, vec![]);
        Ok(ValueInfo::floats(output, &[1, each * chains.len(), 1, 1]))
    }

    /// Adds a node of each network as one; `filters` keeps the last convolution's, without those that fill up.
    fn step(
        &mut self,
        chains: &[Chain],
        row: &[&NodeProto],
        filters: &mut [usize],
    ) -> Result<(String, usize), ConvertError> {
        let Some(node) = row.first() else { return unlike("there are none") };
        let kind = node.op_type.as_str();
        if row.iter().any(|other| other.op_type != kind || other.attribute != node.attribute) {
            return unlike(format!("one has no {kind} where another has one"));
        }
        let place = |position: usize| {
            let mut places = row.iter().map(|n| n.input.get(position).and_then(|name| self.places.get(name)));
            let first = places.next().flatten();
            first.filter(|_| places.all(|other| other == first)).cloned()
        };
        let Some(source) = place(0) else { return unlike(format!("{kind} of unlike values")) };
        if let "Transpose" | "Reshape" | "Identity" = kind {
            // The first is that of the patch; the others are an end's, which is a list.
            return Ok(source);
        }
        let mut attributes = node.attribute.clone();
        let mut inputs = vec![source.0.clone()];
        let mut channels = source.1;
        match kind {
            "Conv" => {
                let groups = attributes.iter().find(|a| a.name == "group").and_then(|a| a.i).unwrap_or(1);
                let (constants, each) = self.convolution(chains, row, groups, channels, filters)?;
                inputs.extend(constants);
                channels = each;
                let groups = groups.saturating_mul(i64::try_from(chains.len()).unwrap_or(i64::MAX));
                attributes.retain(|a| a.name != "group");
                attributes.push(Attribute::int("group", groups));
            }
            "Add" => match place(1) {
                Some(other) if node.input.len() == 2 && other.1 == channels => inputs.push(other.0),
                _ => return unlike("Add of unlike values"),
            },
            "Relu" | "MaxPool" if node.input.len() == 1 => {}
            _ => return unlike(format!("{kind} can't be put side by side")),
        }
        let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
        Ok((self.builder.node(kind, &inputs, attributes), channels))
    }

    /// The constants of a convolution of `groups` and `channels` in each network, as one's; also the channels that come out of it
    /// in each.
    fn convolution(
        &mut self,
        chains: &[Chain],
        row: &[&NodeProto],
        groups: i64,
        channels: usize,
        filters: &mut [usize],
    ) -> Result<(Vec<String>, usize), ConvertError> {
        let constants = |position: usize| {
            let constant = |(chain, node): (&Chain, &&NodeProto)| {
                node.input.get(position).and_then(|name| chain.constants.get(name)).cloned()
            };
            let parts = chains.iter().zip(row).map(constant).collect::<Option<Vec<TensorProto>>>();
            parts.map_or_else(|| unlike("a convolution without constants"), Ok)
        };
        let weights = constants(1)?;
        let each = count_filters(&weights, groups, channels, filters)?;
        let mut names = vec![self.joined(&weights, each)?];
        if row.iter().any(|node| node.input.len() > 2) {
            names.push(self.joined(&constants(2)?, each)?);
        }
        Ok((names, each))
    }

    /// One constant of several, `rows` of each: zeros where it has fewer.
    fn joined(&mut self, parts: &[TensorProto], rows: usize) -> Result<String, ConvertError> {
        let rest = |part: &TensorProto| part.dims.get(1..).map(<[i64]>::to_vec);
        let mut whole = Vec::new();
        for part in parts {
            let own = part.dims.first().and_then(|n| usize::try_from(*n).ok()).unwrap_or(0);
            if part.data_type != FLOAT || own == 0 || own > rows || rest(part) != rest(&parts[0]) {
                return unlike("weights of unlike shapes");
            }
            let begun = whole.len();
            whole.extend_from_slice(&part.raw_data);
            whole.resize(begun + part.raw_data.len() / own * rows, 0);
        }
        let dims = to_i64(&[rows * parts.len()]).into_iter().chain(rest(&parts[0]).unwrap_or_default());
        let name = self.builder.fresh("weights");
        self.builder.initializers.push(TensorProto {
            dims: dims.collect(),
            data_type: FLOAT,
            name: name.clone(),
            raw_data: whole,
            ..TensorProto::default()
        });
        Ok(name)
    }
}

/// Notes how many filters each network's convolution has; returns the most, with those that fill up to a multiple of [`SLOT`].
fn count_filters(
    weights: &[TensorProto],
    groups: i64,
    channels: usize,
    filters: &mut [usize],
) -> Result<usize, ConvertError> {
    for (count, part) in filters.iter_mut().zip(weights) {
        *count = part.dims.first().and_then(|n| usize::try_from(*n).ok()).unwrap_or(0);
    }
    let most = filters.iter().copied().max().unwrap_or(0);
    let even = filters.iter().all(|n| *n == most && n % SLOT == 0);
    let own = to_i64(&[channels]).first().copied();
    let taken = |part: &TensorProto| part.dims.get(1).map(|n| n.saturating_mul(groups));
    if weights.iter().any(|part| taken(part) != own) || groups != 1 && !even {
        return unlike("a convolution of other channels");
    }
    Ok(most.next_multiple_of(SLOT))
}
