//! How does a fused operation become a node of Burn's tape? All of them through one extension.
//!
//! Features of fused operations live outside Burn, in pooled [`Buffer`](super::Buffer)s; what Burn sees is a *token*, a
//! tensor of one number that carries the node. Gradients of features travel outside it too, in
//! [`Slot`](super::Slot)s, so that they can stay sums; Burn decides in which order nodes run backward, and keeps
//! the gradients of parameters.

use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension};
use burn::tensor::{Bytes, DType, Shape, Tensor};
use burn_flex::{FlexTensor, Layout};
use std::fmt::Debug;
use std::sync::Arc;

/// Most inputs of a node.
pub(super) const INPUTS: usize = 8;

/// What a node works on: the numbers of its inputs.
#[derive(Clone, Debug)]
pub(super) struct Values([FlexTensor; INPUTS]);

impl Values {
    /// The numbers of input `i`.
    pub(super) fn get(&self, i: usize) -> &[f32] {
        let tensor = &self.0[i];
        tensor
            .as_slice()
            .expect("inputs are made contiguous f32 when the node is recorded")
    }
}

/// A fused operation with a hand-written backward pass.
pub(super) trait Node: Debug + Send + Sync {
    /// Computes; the result is the token, or the output if Burn is to hold it.
    fn forward(&self, values: &Values) -> Output;

    /// Takes gradients back: deposits those of features in their slots and returns those of the
    /// inputs that Burn holds. `wanted` says which inputs need one; `grad` is the gradient of an
    /// output that Burn holds.
    fn backward(
        &self,
        values: &Values,
        wanted: [bool; INPUTS],
        grad: Option<&[f32]>,
    ) -> [Option<Vec<f32>>; INPUTS];

    /// Is its output held by Burn? If not, its gradient is in a slot.
    fn output_in_burn(&self) -> bool {
        false
    }
}

/// Numbers for Burn.
#[derive(Debug)]
pub(super) struct Output {
    /// The numbers.
    pub(super) data: Vec<f32>,
    /// Their shape.
    pub(super) shape: Vec<usize>,
}

impl Output {
    /// The output of a node whose features Burn does not hold.
    pub(super) fn token() -> Self {
        Self {
            data: vec![0.0],
            shape: vec![1],
        }
    }

    fn into_tensor(self) -> FlexTensor {
        tensor(self.data, Shape::from(self.shape))
    }
}

fn tensor(data: Vec<f32>, shape: Shape) -> FlexTensor {
    FlexTensor::new(
        Bytes::from_elems(data),
        Layout::contiguous(shape),
        DType::F32,
    )
}

/// A node, as the extension passes it on.
#[derive(Clone, Debug)]
pub(crate) struct Call(Arc<dyn Node>);

/// The one operation that this crate adds to Burn.
#[backend_extension(Flex, Autodiff)]
pub(crate) trait FusedOps: Backend {
    /// Runs a node on its inputs; unused inputs are any constant.
    #[allow(clippy::too_many_arguments)]
    fn fused(
        a: FloatTensor<Self>,
        b: FloatTensor<Self>,
        c: FloatTensor<Self>,
        d: FloatTensor<Self>,
        e: FloatTensor<Self>,
        f: FloatTensor<Self>,
        g: FloatTensor<Self>,
        h: FloatTensor<Self>,
        call: Call,
    ) -> FloatTensor<Self>;
}

impl FusedOps for Flex {
    fn fused(
        a: FlexTensor,
        b: FlexTensor,
        c: FlexTensor,
        d: FlexTensor,
        e: FlexTensor,
        f: FlexTensor,
        g: FlexTensor,
        h: FlexTensor,
        call: Call,
    ) -> FlexTensor {
        let values = Values([a, b, c, d, e, f, g, h].map(|t| t.to_contiguous()));
        call.0.forward(&values).into_tensor()
    }
}

/// The backward step of any node.
#[derive(Debug)]
struct Step;

impl Backward<Flex, INPUTS> for Step {
    type State = (Call, Values);

    fn backward(
        self,
        ops: Ops<Self::State, INPUTS>,
        grads: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let (call, values) = ops.state;
        let wanted = std::array::from_fn(|i| ops.parents[i].is_some());
        let grad = call
            .0
            .output_in_burn()
            .then(|| grads.consume::<Flex>(&ops.node).to_contiguous());
        let grad = grad
            .as_ref()
            .map(|g| g.as_slice().expect("a gradient is contiguous f32"));
        let found = call.0.backward(&values, wanted, grad);
        for ((parent, found), value) in ops.parents.into_iter().zip(found).zip(values.0) {
            if let (Some(parent), Some(found)) = (parent, found) {
                let shape = value.layout().shape().clone();
                grads.register::<Flex>(parent.id, tensor(found, shape));
            }
        }
    }
}

impl<C: CheckpointStrategy> FusedOps for Autodiff<Flex, C> {
    fn fused(
        a: FloatTensor<Self>,
        b: FloatTensor<Self>,
        c: FloatTensor<Self>,
        d: FloatTensor<Self>,
        e: FloatTensor<Self>,
        f: FloatTensor<Self>,
        g: FloatTensor<Self>,
        h: FloatTensor<Self>,
        call: Call,
    ) -> FloatTensor<Self> {
        let inputs = [a, b, c, d, e, f, g, h];
        let guards = inputs.each_ref().map(|input| input.node());
        let values = Values(inputs.map(|input| input.into_primitive().to_contiguous()));
        let output = call.0.forward(&values).into_tensor();
        match Step.prepare::<C>(guards).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish((call, values), output),
            OpsKind::UnTracked(prep) => prep.finish(output),
        }
    }
}

/// Runs a node on up to [`INPUTS`] flat tensors and records it if any of them is tracked.
///
/// # Panics
/// If there are no inputs or too many.
pub(super) fn record<const D: usize>(inputs: &[Tensor<1>], node: impl Node + 'static) -> Tensor<D> {
    assert!(
        !inputs.is_empty() && inputs.len() <= INPUTS,
        "a node has 1 to {INPUTS} inputs, not {}",
        inputs.len()
    );
    let device = inputs[0].device();
    // Unused inputs must not be tracked a second time: they are a constant.
    let filler = Tensor::<1>::zeros([1], &device).without_autodiff();
    let [a, b, c, d, e, f, g, h] =
        std::array::from_fn(|i| inputs.get(i).unwrap_or(&filler).clone().into_dispatch());
    let call = Call(Arc::new(node));
    Tensor::from_dispatch(Dispatch::fused(a, b, c, d, e, f, g, h, call))
}
