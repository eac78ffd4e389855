//! Collects the nodes and constants of an ONNX graph and names them.

use crate::infer::onnx::{Attribute, Node, Tensor};

/// A graph in the making.
#[derive(Default)]
pub(super) struct Builder {
    pub(super) nodes: Vec<Node>,
    pub(super) initializers: Vec<Tensor>,
    made: usize,
}

impl Builder {
    fn fresh(&mut self, prefix: &str) -> String {
        self.made += 1;
        format!("{prefix}_{}", self.made)
    }

    /// A constant of floats; returns its name.
    pub(super) fn floats(&mut self, shape: &[usize], values: &[f32]) -> String {
        let name = self.fresh("weights");
        self.initializers.push(Tensor::floats(&name, shape, values));
        name
    }

    /// A constant list of integers; returns its name.
    pub(super) fn ints(&mut self, values: &[i64]) -> String {
        let name = self.fresh("numbers");
        self.initializers.push(Tensor::ints(&name, values));
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
        self.nodes.push(Node {
            input: inputs.iter().map(|&i| i.to_owned()).collect(),
            output: vec![output.to_owned()],
            name: format!("node_{output}"),
            op_type: op.to_owned(),
            attribute: attributes,
            domain: String::new(),
        });
    }
}
