//! The engine under faults and against a model.

mod bisect;
mod disk;
mod model;
mod planted;
mod power_loss;
mod recall;
mod stores;
