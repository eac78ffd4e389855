//! The cameras to choose from.

/// The built-in actor's place in the settings.
pub(crate) const ACTOR: &str = "actor";

/// A camera to choose.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Device {
    /// Its id.
    pub(crate) id: String,
    /// Its name for people.
    pub(crate) name: String,
    /// Its modes as they are shown and remembered.
    pub(crate) modes: Vec<String>,
    /// What is wrong with it.
    pub(crate) trouble: Option<String>,
}

/// The list.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Devices {
    /// The cameras found last.
    pub(crate) found: Vec<Device>,
    /// Whether they are being looked for.
    pub(crate) busy: bool,
    /// Whether they were looked for at all.
    pub(crate) known: bool,
}

impl Devices {
    /// The camera of an id.
    pub(crate) fn get(&self, id: &str) -> Option<&Device> {
        self.found.iter().find(|device| device.id == id)
    }
}
