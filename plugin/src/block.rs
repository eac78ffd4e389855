//! A set of properties under construction: thin calls to libobs, with texts in the user's language.

#![expect(unsafe_code, reason = "calls libobs")]

use crate::ffi;
use crate::instance::Core;
use crate::text::{c, told};
use omote_kit::options::{Count, Number, Obs};
use std::ffi::CStr;
use std::ptr::null;

/// A set of properties, which libobs owns.
pub(crate) struct Block(pub(crate) *mut ffi::obs_properties_t);

/// A list among them.
pub(crate) struct List(pub(crate) *mut ffi::obs_property_t);

impl Block {
    pub(crate) fn create() -> Self {
        // SAFETY: libobs makes an empty set.
        Self(unsafe { ffi::obs_properties_create() })
    }

    /// # Safety
    /// `properties` are libobs' and live as long as this is used.
    pub(crate) unsafe fn borrow(properties: *mut ffi::obs_properties_t) -> Self {
        Self(properties)
    }

    pub(crate) fn flag(&self, name: &CStr, label: &CStr) {
        // SAFETY: the set lives; libobs copies the texts. So it is in all that follows.
        let property = unsafe { ffi::obs_properties_add_bool(self.0, name.as_ptr(), told(label).as_ptr()) };
        hint(property, label);
    }

    pub(crate) fn slider(&self, obs: Obs, range: Number) {
        let (text, Number { least, most, step, .. }) = (told(obs.locale), range);
        let property = unsafe {
            ffi::obs_properties_add_float_slider(self.0, obs.key.as_ptr(), text.as_ptr(), least, most, step)
        };
        hint(property, obs.locale);
    }

    pub(crate) fn count(&self, obs: Obs, range: Count) {
        let (text, least, most) = (told(obs.locale), range.least.into(), range.most.into());
        let property = unsafe {
            ffi::obs_properties_add_int_slider(self.0, obs.key.as_ptr(), text.as_ptr(), least, most, 1)
        };
        let suffix = range.unit.suffix();
        if !suffix.is_empty() {
            unsafe { ffi::obs_property_int_set_suffix(property, c(suffix).as_ptr()) };
        }
        hint(property, obs.locale);
    }

    pub(crate) fn text(&self, name: &CStr, label: &CStr) {
        let text = told(label);
        let property =
            unsafe { ffi::obs_properties_add_text(self.0, name.as_ptr(), text.as_ptr(), ffi::TEXT_DEFAULT) };
        hint(property, label);
    }

    /// Words that can't be edited. An empty text takes no room.
    pub(crate) fn note(&self, name: &CStr, text: &str) {
        unsafe {
            let property =
                ffi::obs_properties_add_text(self.0, name.as_ptr(), c(text).as_ptr(), ffi::TEXT_INFO);
            ffi::obs_property_text_set_info_word_wrap(property, true);
            ffi::obs_property_set_visible(property, !text.is_empty());
        }
    }

    pub(crate) fn warn(&self, name: &CStr, bad: bool) {
        unsafe {
            let property = ffi::obs_properties_get(self.0, name.as_ptr());
            if !property.is_null() {
                ffi::obs_property_text_set_info_type(property, if bad { ffi::INFO_WARNING } else { 0 });
            }
        }
    }

    pub(crate) fn path(&self, name: &CStr, label: &CStr, filter: &str) {
        let (text, filter) = (told(label), c(filter));
        let filter = if filter.is_empty() { null() } else { filter.as_ptr() };
        unsafe {
            ffi::obs_properties_add_path(self.0, name.as_ptr(), text.as_ptr(), ffi::PATH_FILE, filter, null())
        };
    }

    pub(crate) fn list(&self, name: &CStr, label: &CStr) -> List {
        let text = told(label);
        let list = unsafe {
            ffi::obs_properties_add_list(
                self.0,
                name.as_ptr(),
                text.as_ptr(),
                ffi::COMBO_LIST,
                ffi::COMBO_STRING,
            )
        };
        hint(list, label);
        List(list)
    }

    pub(crate) fn button(&self, name: &CStr, label: &CStr, clicked: ffi::Clicked, core: &Core) {
        let text = told(label);
        unsafe {
            ffi::obs_properties_add_button2(self.0, name.as_ptr(), text.as_ptr(), clicked, core.data())
        };
    }

    pub(crate) fn group(&self, name: &CStr, label: &CStr, inside: Self) {
        let text = told(label);
        unsafe {
            ffi::obs_properties_add_group(self.0, name.as_ptr(), text.as_ptr(), ffi::GROUP_NORMAL, inside.0)
        };
    }

    /// A property of this set, or of its group `group`.
    pub(crate) fn find(&self, group: &CStr, name: &CStr) -> Option<*mut ffi::obs_property_t> {
        unsafe {
            let mut found = ffi::obs_properties_get(self.0, name.as_ptr());
            if found.is_null() {
                let group = ffi::obs_properties_get(self.0, group.as_ptr());
                if !group.is_null() {
                    let inside = ffi::obs_property_group_content(group);
                    found = ffi::obs_properties_get(inside, name.as_ptr());
                }
            }
            (!found.is_null()).then_some(found)
        }
    }

    /// Shows or hides a property.
    pub(crate) fn show(&self, group: &CStr, name: &CStr, visible: bool) {
        if let Some(property) = self.find(group, name) {
            unsafe { ffi::obs_property_set_visible(property, visible) };
        }
    }

    /// Gives a note other words.
    pub(crate) fn rewrite(&self, group: &CStr, name: &CStr, text: &str) {
        if let Some(property) = self.find(group, name) {
            unsafe {
                ffi::obs_property_set_description(property, c(text).as_ptr());
                ffi::obs_property_set_visible(property, !text.is_empty());
            }
        }
    }
}

/// A longer explanation, shown when the mouse rests on it, where the language file has one.
fn hint(property: *mut ffi::obs_property_t, label: &CStr) {
    let key = c(format!("{}.Hint", label.to_string_lossy()));
    let text = told(&key);
    if *text != *key {
        unsafe { ffi::obs_property_set_long_description(property, text.as_ptr()) };
    }
}

impl List {
    pub(crate) fn item(&self, shown: &str, value: &str) -> usize {
        unsafe { ffi::obs_property_list_add_string(self.0, c(shown).as_ptr(), c(value).as_ptr()) }
    }

    pub(crate) fn disable(&self, index: usize) {
        unsafe { ffi::obs_property_list_item_disable(self.0, index, true) };
    }

    pub(crate) fn on_change(&self, modified: ffi::Modified) {
        unsafe { ffi::obs_property_set_modified_callback(self.0, modified) };
    }
}
