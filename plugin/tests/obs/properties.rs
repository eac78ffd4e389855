//! A source's properties, as OBS's dialog has them.

use crate::host::{Source, c, obs};
use crate::libobs::{Ptr, text};
use omote_kit::options::{Form, Row};
use std::ffi::{CStr, c_int};
use std::ptr::null_mut;

/// The properties of a source, as the dialog has them.
pub(crate) struct Properties(Ptr, Ptr);

impl Properties {
    pub(crate) fn read(source: &Source) -> Self {
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

    /// What a row of the table of options has become: its range, or the names and texts to choose from.
    pub(crate) fn form(&self, row: &dyn Row, key: &str) -> String {
        let (o, property) = (obs(), self.find(key));
        match row.form() {
            Form::Number(_) => {
                let (least, most) =
                    ((o.obs_property_float_min)(property), (o.obs_property_float_max)(property));
                format!("{least}..{most} by {}", (o.obs_property_float_step)(property))
            }
            Form::Count(_) => {
                let (least, most) = ((o.obs_property_int_min)(property), (o.obs_property_int_max)(property));
                format!("{least}..{most}")
            }
            Form::Choice { .. } | Form::Limit { .. } => {
                let items = (o.obs_property_list_item_count)(property);
                let item = |i| {
                    let name = text((o.obs_property_list_item_string)(property, i));
                    format!("{name}={}", text((o.obs_property_list_item_name)(property, i)))
                };
                (0..items).map(item).collect::<Vec<_>>().join("|")
            }
            Form::Flag(_) | Form::Name(_) => String::new(),
        }
    }

    /// What a property explains when the pointer rests on it.
    pub(crate) fn hint(&self, name: &str) -> String {
        text((obs().obs_property_long_description)(self.find(name)))
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

/// What a new source of a kind begins with, of a row of the table of options.
pub(crate) fn at_first(id: &CStr, row: &dyn Row, key: &CStr) -> String {
    let o = obs();
    let data = (o.obs_get_source_defaults)(id.as_ptr());
    let key = key.as_ptr();
    let found = match row.form() {
        Form::Number(_) => (o.obs_data_get_default_double)(data, key).to_string(),
        Form::Count(_) => (o.obs_data_get_default_int)(data, key).to_string(),
        Form::Flag(_) => (o.obs_data_get_default_bool)(data, key).to_string(),
        Form::Choice { .. } | Form::Limit { .. } | Form::Name(_) => {
            text((o.obs_data_get_default_string)(data, key))
        }
    };
    (o.obs_data_release)(data);
    found
}

impl Drop for Properties {
    fn drop(&mut self) {
        (obs().obs_properties_destroy)(self.0);
    }
}
