//! A set of properties under construction: thin calls to libobs, with texts in the user's language.

#![expect(unsafe_code, reason = "calls libobs")]

use crate::ffi;
use crate::instance::Core;
use crate::text::{c, localized};
use omote_kit::options::{Count, Number, Obs};
use std::ffi::{CStr, c_int};
use std::ptr::null;

/// A set of properties, which libobs owns.
pub(crate) struct Block(pub(crate) *mut ffi::obs_properties_t);

/// A list among them.
pub(crate) struct List(pub(crate) *mut ffi::obs_property_t);

impl Block {
    pub(crate) fn create() -> Self {
        Self(ffi::obs_properties_create())
    }

    /// # Safety
    /// `properties` are libobs' and live as long as this is used.
    pub(crate) unsafe fn borrow(properties: *mut ffi::obs_properties_t) -> Self {
        Self(properties)
    }

    pub(crate) fn flag(&self, name: &CStr, label: &CStr) {
        let text = localized(label);
        // SAFETY: the set lives; libobs copies the texts.
        let property = unsafe { ffi::obs_properties_add_bool(self.0, name.as_ptr(), text.as_ptr()) };
        hint(property, label);
    }

    pub(crate) fn slider(&self, obs: Obs, range: Number) {
        let (text, Number { least, most, step, .. }) = (localized(obs.locale), range);
        // SAFETY: the set lives; libobs copies the texts.
        let property = unsafe {
            ffi::obs_properties_add_float_slider(self.0, obs.key.as_ptr(), text.as_ptr(), least, most, step)
        };
        hint(property, obs.locale);
    }

    pub(crate) fn count(&self, obs: Obs, range: Count) {
        let (text, least, most) = (localized(obs.locale), range.least.into(), range.most.into());
        // SAFETY: the set lives; libobs copies the texts.
        let property = unsafe {
            ffi::obs_properties_add_int_slider(self.0, obs.key.as_ptr(), text.as_ptr(), least, most, 1)
        };
        let suffix = range.unit.suffix();
        if !suffix.is_empty() {
            // SAFETY: the property was made above and belongs to the set; libobs copies the text.
            unsafe { ffi::obs_property_int_set_suffix(property, c(suffix).as_ptr()) };
        }
        hint(property, obs.locale);
    }

    pub(crate) fn text(&self, name: &CStr, label: &CStr) {
        hint(self.add_text(name, &localized(label), ffi::TEXT_DEFAULT), label);
    }

    /// Words that can't be edited. An empty text takes no room.
    pub(crate) fn note(&self, name: &CStr, text: &str) {
        let property = self.add_text(name, &c(text), ffi::TEXT_INFO);
        // SAFETY: the property was made above and belongs to the set.
        unsafe { ffi::obs_property_text_set_info_word_wrap(property, true) };
        set_visible(property, !text.is_empty());
    }

    fn add_text(&self, name: &CStr, text: &CStr, kind: c_int) -> *mut ffi::obs_property_t {
        // SAFETY: the set lives; libobs copies the texts.
        unsafe { ffi::obs_properties_add_text(self.0, name.as_ptr(), text.as_ptr(), kind) }
    }

    pub(crate) fn warn(&self, name: &CStr, bad: bool) {
        if let Some(property) = property_of(self.0, name) {
            let kind = if bad { ffi::INFO_WARNING } else { 0 };
            // SAFETY: the property belongs to the set, which lives.
            unsafe { ffi::obs_property_text_set_info_type(property, kind) };
        }
    }

    pub(crate) fn path(&self, name: &CStr, label: &CStr, filter: &str) {
        let (text, filter) = (localized(label), c(filter));
        let filter = if filter.is_empty() { null() } else { filter.as_ptr() };
        // SAFETY: the set lives; libobs copies the texts and takes null for none.
        unsafe {
            ffi::obs_properties_add_path(self.0, name.as_ptr(), text.as_ptr(), ffi::PATH_FILE, filter, null())
        };
    }

    pub(crate) fn list(&self, name: &CStr, label: &CStr) -> List {
        let (name, text) = (name.as_ptr(), localized(label));
        // SAFETY: the set lives; libobs copies the texts.
        let list = unsafe {
            ffi::obs_properties_add_list(self.0, name, text.as_ptr(), ffi::COMBO_LIST, ffi::COMBO_STRING)
        };
        hint(list, label);
        List(list)
    }

    pub(crate) fn button(&self, name: &CStr, label: &CStr, clicked: ffi::Clicked, core: &Core) {
        let text = localized(label);
        // SAFETY: the set lives; libobs copies the texts. The callback takes its data for a number.
        unsafe {
            ffi::obs_properties_add_button2(self.0, name.as_ptr(), text.as_ptr(), clicked, core.data())
        };
    }

    pub(crate) fn group(&self, name: &CStr, label: &CStr, inside: Self) {
        let text = localized(label);
        // SAFETY: both sets live; libobs copies the texts, and the inner set is the outer one's from now on.
        unsafe {
            ffi::obs_properties_add_group(self.0, name.as_ptr(), text.as_ptr(), ffi::GROUP_NORMAL, inside.0)
        };
    }

    /// A property of this set, or of its group `group`.
    pub(crate) fn find(&self, group: &CStr, name: &CStr) -> Option<*mut ffi::obs_property_t> {
        property_of(self.0, name).or_else(|| {
            let group = property_of(self.0, group)?;
            // SAFETY: the group belongs to the set, which lives.
            let inside = unsafe { ffi::obs_property_group_content(group) };
            property_of(inside, name)
        })
    }

    /// Shows or hides a property.
    pub(crate) fn show(&self, group: &CStr, name: &CStr, visible: bool) {
        if let Some(property) = self.find(group, name) {
            set_visible(property, visible);
        }
    }

    /// Gives a note other words.
    pub(crate) fn rewrite(&self, group: &CStr, name: &CStr, text: &str) {
        if let Some(property) = self.find(group, name) {
            let words = c(text);
            // SAFETY: the property belongs to the set, which lives; libobs copies the text.
            unsafe { ffi::obs_property_set_description(property, words.as_ptr()) };
            set_visible(property, !text.is_empty());
        }
    }
}

/// The property of this name in a living set of libobs', or in none where that is null.
fn property_of(set: *mut ffi::obs_properties_t, name: &CStr) -> Option<*mut ffi::obs_property_t> {
    // SAFETY: each caller has the set of a `Block`, which lives, or of a group in it; libobs takes null ones as empty.
    let found = unsafe { ffi::obs_properties_get(set, name.as_ptr()) };
    (!found.is_null()).then_some(found)
}

/// Shows or hides a property of a living set.
fn set_visible(property: *mut ffi::obs_property_t, visible: bool) {
    // SAFETY: each caller has it from a `Block`, which lives.
    unsafe { ffi::obs_property_set_visible(property, visible) };
}

/// A longer explanation, shown when the mouse rests on it, where the language file has one.
fn hint(property: *mut ffi::obs_property_t, label: &CStr) {
    let key = c(format!("{}.Hint", label.to_string_lossy()));
    let text = localized(&key);
    if *text != *key {
        // SAFETY: each caller has just added it to a `Block`, which lives; libobs copies the text.
        unsafe { ffi::obs_property_set_long_description(property, text.as_ptr()) };
    }
}

impl List {
    pub(crate) fn item(&self, shown: &str, value: &str) -> usize {
        let (shown, value) = (c(shown), c(value));
        // SAFETY: the list belongs to a set that lives; libobs copies the texts.
        unsafe { ffi::obs_property_list_add_string(self.0, shown.as_ptr(), value.as_ptr()) }
    }

    pub(crate) fn disable(&self, index: usize) {
        // SAFETY: the list belongs to a set that lives; libobs leaves an index alone that is none.
        unsafe { ffi::obs_property_list_item_disable(self.0, index, true) };
    }

    pub(crate) fn on_change(&self, modified: ffi::Modified) {
        // SAFETY: the list belongs to a set that lives; the callback is a function of this plugin, which stays loaded.
        unsafe { ffi::obs_property_set_modified_callback(self.0, modified) };
    }
}
