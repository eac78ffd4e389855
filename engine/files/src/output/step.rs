//! The steps of writing, which the torture test breaks off or lets fail one after the other.

#[cfg(not(test))]
use std::io;

/// Called before each step. Outside of tests it does nothing.
#[cfg(not(test))]
#[inline(always)]
pub(super) fn step(_: &'static str) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
pub(super) use super::tests::torture::step;
