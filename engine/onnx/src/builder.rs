//! Collects the nodes and constants of an ONNX graph and names them.

use std::collections::HashSet;

use crate::onnx::{Attribute, NodeProto, TensorProto};

/// For [`Builder::transpose`]: channels-last to channels-first.
pub(super) const NHWC_TO_NCHW: [i64; 4] = [0, 3, 1, 2];
/// For [`Builder::transpose`]: channels-first to channels-last.
pub(super) const NCHW_TO_NHWC: [i64; 4] = [0, 2, 3, 1];

/// A graph in the making.
#[derive(Default)]
pub(super) struct Builder {
    pub(super) nodes: Vec<NodeProto>,
    pub(super) initializers: Vec<TensorProto>,
    made: usize,
}

impl Builder {
    /// A name that no other value has.
    pub(super) fn fresh(&mut self, prefix: &str) -> String {
        self.made += 1;
        format!("{prefix}_{}", self.made)
    }

    /// A constant of floats; returns its name.
    pub(super) fn floats(&mut self, shape: &[usize], values: &[f32]) -> String {
        let name = self.fresh("weights");
        self.initializers.push(TensorProto::floats(&name, shape, values));
        name
    }

    /// A constant list of integers; returns its name.
    pub(super) fn ints(&mut self, values: &[i64]) -> String {
        let name = self.fresh("numbers");
        self.initializers.push(TensorProto::ints(&name, values));
        name
    }

    /// A node with one output; returns the output's name.
    pub(super) fn node(&mut self, op: &str, inputs: &[&str], attributes: Vec<Attribute>) -> String {
        let output = self.fresh(op);
        self.named(op, inputs, &output, attributes);
        output
    }

    /// A node whose output has a given name.
    pub(super) fn named(&mut self, op: &str, inputs: &[&str], output: &str, attributes: Vec<Attribute>) {
        self.nodes.push(NodeProto {
            input: inputs.iter().map(|&i| i.to_owned()).collect(),
            output: vec![output.to_owned()],
            name: format!("node_{output}"),
            op_type: op.to_owned(),
            attribute: attributes,
            domain: String::new(),
        });
    }

    /// A value with its dimensions in another order: dimension `i` is dimension `order[i]` of `x`; returns the output's name.
    pub(super) fn transpose(&mut self, x: &str, order: [i64; 4]) -> String {
        self.node("Transpose", &[x], vec![Attribute::ints("perm", &order)])
    }

    /// A 1x1 depthwise convolution: one factor a channel; returns the output's name.
    pub(super) fn scale_channels(&mut self, x: &str, factors: &[f32]) -> String {
        let weights = self.floats(&[factors.len(), 1, 1, 1], factors);
        let group = Attribute::int("group", i64::try_from(factors.len()).unwrap_or(i64::MAX));
        let kernel = Attribute::ints("kernel_shape", &[1, 1]);
        self.node("Conv", &[x, &weights], vec![kernel, group])
    }

    /// The names of the values that depend on one of the given names, with these.
    pub(super) fn reached<'a>(&self, from: impl Iterator<Item = &'a str>) -> HashSet<String> {
        let mut names: HashSet<String> = from.map(str::to_owned).collect();
        for node in &self.nodes {
            if node.input.iter().any(|input| names.contains(input)) {
                names.extend(node.output.iter().cloned());
            }
        }
        names
    }

    /// Takes out the nodes and constants that the given values need.
    pub(super) fn extract<'a>(
        &mut self,
        ends: impl Iterator<Item = &'a str>,
    ) -> (Vec<NodeProto>, Vec<TensorProto>) {
        let mut needed: HashSet<String> = ends.map(str::to_owned).collect();
        for node in self.nodes.iter().rev() {
            if node.output.iter().any(|output| needed.contains(output)) {
                needed.extend(node.input.iter().cloned());
            }
        }
        let made = |node: &mut NodeProto| node.output.iter().any(|output| needed.contains(output));
        let constant = |tensor: &mut TensorProto| needed.contains(&tensor.name);
        (self.nodes.extract_if(.., made).collect(), self.initializers.extract_if(.., constant).collect())
    }
}
