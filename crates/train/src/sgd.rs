//! How do gradients move the weights? Stochastic gradient descent with momentum, by groups.
//!
//! With gradient `g`, weight `p`, velocity `v`, momentum `μ`, decay `λ` of the parameter's group:
//! `g ← g + λ p`, `v ← μ v + g`, then `p ← p - η v`, or `p ← p - η (g + μ v)` with Nesterov's
//! correction: the formulas of PyTorch's `SGD` with dampening 0.

use crate::recipe::OptimiserSettings;
use timestep_kernels::SgdStep;
use timestep_nets::{DType, Device, ParamId, Parameters, Role, Spec, Tensor, TensorData};

/// The optimiser and its velocities, in the order of the parameter table.
#[derive(Clone, Debug)]
pub struct Sgd {
    settings: OptimiserSettings,
    /// `None` until the first step: PyTorch starts a velocity as the first gradient.
    velocities: Vec<Option<Tensor<1>>>,
}

impl Sgd {
    /// An optimiser at rest for `parameters` numbers of table entries.
    #[must_use]
    pub fn new(settings: OptimiserSettings, parameters: usize) -> Self {
        Self {
            settings,
            velocities: vec![None; parameters],
        }
    }

    /// Weight decay of a parameter by its role.
    #[must_use]
    pub fn decay(&self, spec: &Spec) -> f64 {
        let decays = match spec.role {
            Role::Weight => true,
            Role::Bias | Role::Norm => self.settings.decay_norms,
            Role::Coefficient => self.settings.decay_coefficients,
            Role::Buffer => false,
        };
        if decays {
            self.settings.weight_decay
        } else {
            0.0
        }
    }

    /// Moves one parameter along its gradient with learning rate `lr`.
    pub fn step(&mut self, parameters: &mut Parameters, id: ParamId, gradient: Tensor<1>, lr: f64) {
        let value = &parameters.values()[id.index()];
        let (device, dtype) = (value.device(), value.dtype());
        if dtype == DType::F32 && device == Device::flex() {
            self.step_in_one_pass(parameters, id, &gradient, lr);
        } else {
            self.step_by_tensors(parameters, id, gradient, lr);
        }
    }

    /// One pass over the numbers: for parameters that live in this process' memory.
    fn step_in_one_pass(
        &mut self,
        parameters: &mut Parameters,
        id: ParamId,
        gradient: &Tensor<1>,
        lr: f64,
    ) {
        let device = parameters.values()[id.index()].device();
        let numbers = |tensor: &Tensor<1>| -> Vec<f32> {
            let data = tensor.to_data();
            data.try_to_vec().unwrap_or_else(|_| data.iter().collect())
        };
        let mut value = numbers(&parameters.values()[id.index()]);
        let old = self.velocities[id.index()].take();
        let step = SgdStep {
            lr,
            momentum: self.settings.momentum,
            decay: self.decay(&parameters.specs()[id.index()]),
            nesterov: self.settings.nesterov,
            first: old.is_none(),
        };
        let mut velocity = old.map_or_else(|| vec![0.0; value.len()], |v| numbers(&v));
        step.apply(&mut value, &mut velocity, &numbers(gradient));
        let tensor = |values: Vec<f32>| {
            let n = values.len();
            Tensor::from_data(TensorData::new(values, [n]), &device)
        };
        if self.settings.momentum != 0.0 {
            self.velocities[id.index()] = Some(tensor(velocity));
        }
        parameters.set(id, tensor(value));
    }

    /// The same with tensor operations, for other devices and precisions.
    fn step_by_tensors(
        &mut self,
        parameters: &mut Parameters,
        id: ParamId,
        gradient: Tensor<1>,
        lr: f64,
    ) {
        let decay = self.decay(&parameters.specs()[id.index()]);
        let value = parameters.values()[id.index()].clone();
        let mut g = gradient;
        if decay != 0.0 {
            g = g + value.clone().mul_scalar(decay);
        }
        let momentum = self.settings.momentum;
        let direction = if momentum == 0.0 {
            g
        } else {
            let v = match self.velocities[id.index()].take() {
                Some(v) => v.mul_scalar(momentum) + g.clone(),
                None => g.clone(),
            };
            self.velocities[id.index()] = Some(v.clone());
            if self.settings.nesterov {
                g + v.mul_scalar(momentum)
            } else {
                v
            }
        };
        parameters.set(id, value - direction.mul_scalar(lr));
    }

    /// The velocity of a parameter, if it has moved.
    #[must_use]
    pub fn velocity(&self, id: ParamId) -> Option<&Tensor<1>> {
        self.velocities[id.index()].as_ref()
    }

    /// Restores the velocity of a parameter.
    pub fn set_velocity(&mut self, id: ParamId, velocity: Tensor<1>) {
        self.velocities[id.index()] = Some(velocity);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use timestep_nets::{Init, device};

    fn table(role: Role) -> Parameters {
        let spec = Spec {
            name: "p".into(),
            shape: vec![1],
            role,
            init: Init::Constant(1.0),
        };
        Parameters::init(Arc::new(vec![spec]), 0, &device("cpu").expect("cpu"))
    }

    fn run(role: Role, settings: OptimiserSettings) -> Vec<f32> {
        let mut parameters = table(role);
        let id = parameters.find("p").expect("the only one");
        let mut sgd = Sgd::new(settings, 1);
        (0..3)
            .map(|_| {
                let g = Tensor::from_data(TensorData::new(vec![0.5_f32], [1]), &Default::default());
                sgd.step(&mut parameters, id, g, 0.1);
                parameters.read(id)[0]
            })
            .collect()
    }

    fn close(got: &[f32], want: &[f32]) {
        for (a, b) in got.iter().zip(want) {
            assert!((a - b).abs() < 1e-6, "{got:?} against {want:?}");
        }
    }

    fn settings() -> OptimiserSettings {
        OptimiserSettings {
            weight_decay: 0.1,
            momentum: 0.9,
            lr: 0.1,
            ..Default::default()
        }
    }

    // Expected values by hand from the formulas of torch.optim.SGD(lr=0.1, momentum=0.9, weight_decay=0.1).
    #[test]
    fn momentum_and_decay_as_in_pytorch() {
        close(&run(Role::Weight, settings()), &[0.94, 0.8266, 0.666_274]);
    }

    #[test]
    fn nesterov_as_in_pytorch() {
        let nesterov = OptimiserSettings {
            nesterov: true,
            ..settings()
        };
        close(
            &run(Role::Weight, nesterov),
            &[0.886, 0.725_566, 0.525_363_6],
        );
    }

    #[test]
    fn groups_decay_as_told() {
        let undecayed = [0.95, 0.855, 0.7195];
        close(&run(Role::Coefficient, settings()), &undecayed);
        close(
            &run(
                Role::Norm,
                OptimiserSettings {
                    decay_norms: false,
                    ..settings()
                },
            ),
            &undecayed,
        );
        close(&run(Role::Norm, settings()), &[0.94, 0.8266, 0.666_274]);
        let all = OptimiserSettings {
            decay_coefficients: true,
            ..settings()
        };
        close(&run(Role::Coefficient, all), &[0.94, 0.8266, 0.666_274]);
    }
}
