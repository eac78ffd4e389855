//! A source's properties, as OBS's dialog has them.

use crate::host::{Source, c, obs};
use crate::libobs::{Ptr, text};
use std::ffi::{CStr, c_int};
use std::ptr::null_mut;

/// The properties of a source, as the dialog has them.
pub(crate) struct Properties(Ptr, Ptr);

impl Properties {
    pub(crate) fn of(source: &Source) -> Self {
        let block = (obs().obs_source_properties)(source.0);
        assert!(!block.is_null(), "no properties");
        Self(block, source.0)
    }

    /// Those of a kind without an instance.
    pub(crate) fn of_kind(id: &CStr) -> Self {
        let block = (obs().obs_get_source_properties)(id.as_ptr());
        assert!(!block.is_null(), "no properties");
        Self(block, null_mut())
    }

    /// Every property: name, description, whether it is visible, the number of a list's items.
    pub(crate) fn all(&self) -> Vec<(String, String, bool, usize)> {
        let mut found = Vec::new();
        walk(self.0, true, &mut found);
        found
    }

    pub(crate) fn visible(&self, name: &str) -> bool {
        self.all().iter().any(|row| row.0 == name && row.2)
    }

    pub(crate) fn words(&self, name: &str) -> String {
        self.all().into_iter().find(|row| row.0 == name).map(|row| row.1).unwrap_or_default()
    }

    fn find(&self, name: &str) -> Ptr {
        let o = obs();
        let found = (o.obs_properties_get)(self.0, c(name).as_ptr());
        if !found.is_null() {
            return found;
        }
        let group = (o.obs_properties_get)(self.0, c"photo_group".as_ptr());
        let found = (o.obs_properties_get)((o.obs_property_group_content)(group), c(name).as_ptr());
        assert!(!found.is_null(), "no property {name}");
        found
    }

    /// Clicks a button.
    pub(crate) fn click(&self, name: &str) {
        (obs().obs_property_button_clicked)(self.find(name), self.1);
    }

    /// Tells that a setting was changed in the dialog.
    pub(crate) fn changed(&self, name: &str) {
        let o = obs();
        let data = (o.obs_source_get_settings)(self.1);
        (o.obs_property_modified)(self.find(name), data);
        (o.obs_data_release)(data);
    }
}

fn walk(block: Ptr, shown: bool, found: &mut Vec<(String, String, bool, usize)>) {
    const LIST: c_int = 6;
    const GROUP: c_int = 12;
    let o = obs();
    let mut property = (o.obs_properties_first)(block);
    while !property.is_null() {
        let kind = (o.obs_property_get_type)(property);
        let visible = shown && (o.obs_property_visible)(property);
        let items = if kind == LIST { (o.obs_property_list_item_count)(property) } else { 0 };
        let (name, words) = ((o.obs_property_name)(property), (o.obs_property_description)(property));
        found.push((text(name), text(words), visible, items));
        if kind == GROUP {
            walk((o.obs_property_group_content)(property), visible, found);
        }
        if !(o.obs_property_next)(&raw mut property) {
            break;
        }
    }
}

impl Drop for Properties {
    fn drop(&mut self) {
        (obs().obs_properties_destroy)(self.0);
    }
}
