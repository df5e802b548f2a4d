//! Dreams: over small sessions written here, and over real ones.

mod account;
mod cut_off;
mod program;
mod real;
mod review;
mod small;
