//! Dreams: over small sessions written here, and over real ones.

mod account;
mod answers;
mod cut_off;
mod deleted;
mod order;
mod program;
mod real;
mod review;
mod small;
mod succession;
