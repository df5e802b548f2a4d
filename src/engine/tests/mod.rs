//! The engine under faults and against a model.

mod disk;
mod model;
mod power_loss;
