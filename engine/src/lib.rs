//! Omote.
