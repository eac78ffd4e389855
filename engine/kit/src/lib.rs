//! What every front end shares.

pub mod personas;
