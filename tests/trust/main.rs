//! Trust: how it is stamped, who vouches for what, and taking back what rests on a source.

mod dreams;
mod endorse;
mod quarantine;
mod scripted;
mod speed;
mod stamp;
mod taken_back;
mod withdraw;
