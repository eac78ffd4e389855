//! The dialog that makes a persona from a photo.

use std::path::Path;
use std::sync::Arc;

use image::RgbaImage;
use omote_engine::persona::form::Form;

/// What a file dialog was opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FileField {
    /// The photo.
    Photo,
    /// The signed letter or video.
    Evidence,
}

/// A photo and boxes on it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct MarkedPhoto {
    /// The photo, made smaller.
    pub(crate) image: Arc<RgbaImage>,
    /// Left, top, right and bottom of the boxes as parts of the photo, 0..=1.
    pub(crate) places: Vec<[f32; 4]>,
}

/// Why a photo was refused, in words for the dialog.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct PhotoRefusal {
    /// What is wrong with it.
    pub(crate) reason: String,
    /// What can be done.
    pub(crate) remedy: String,
    /// The photo, with the place marked.
    pub(crate) photo: Option<MarkedPhoto>,
    /// Whether that was judged by looks, and the user may judge otherwise.
    pub(crate) unfit: bool,
    /// Whether there is a persona of that name, which the user may want to replace.
    pub(crate) taken: bool,
}

/// The dialog.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Import {
    /// The answers so far.
    pub(crate) form: Form,
    /// Whether the persona is being made.
    pub(crate) making: bool,
    /// Whether a file dialog is open.
    pub(crate) choosing: bool,
    /// Why the last try was refused.
    pub(crate) refused: Option<PhotoRefusal>,
    /// The name for which a persona is there, which the user may want to replace.
    pub(crate) taken: Option<String>,
}

impl Import {
    /// The dialog for a photo, or with none chosen yet.
    pub(crate) fn new(photo: Option<&Path>) -> Self {
        Self { form: photo.map(Form::for_photo).unwrap_or_default(), ..Self::default() }
    }

    /// Why the last try was refused.
    pub(crate) fn refusal(&self) -> Option<&str> {
        self.refused.as_ref().map(|refused| refused.reason.as_str())
    }

    /// What is still asked for.
    pub(crate) fn missing(&self) -> Option<String> {
        self.form.missing()
    }

    /// The photo, the name and how it was made, as typed so far.
    pub(crate) fn typed(&self) -> Vec<String> {
        vec![self.form.photo.clone(), self.form.title.clone(), self.form.how.clone()]
    }

    /// Whether it is the user's wish that a persona of this name be replaced: asked for by a button of its own, and only
    /// for the name that was refused.
    pub(crate) fn replaces(&self) -> bool {
        self.taken.as_ref() == Some(&self.form.name())
    }

    /// Another photo was dropped or chosen.
    pub(crate) fn take_photo(&mut self, photo: &Path) {
        let other = Form::for_photo(photo);
        (self.form.photo, self.form.anyway, self.refused) = (other.photo, false, None);
        if self.form.title.is_empty() {
            self.form.title = other.title;
        }
    }

    /// The photo was refused.
    pub(crate) fn refuse(&mut self, refusal: PhotoRefusal) {
        self.taken = refusal.taken.then(|| self.form.name());
        self.refused = Some(refusal);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_photo_keeps_the_name_and_forgets_the_refusal() {
        let mut import = Import::new(Some(Path::new("/p/old_mask.png")));
        assert_eq!(import.form.title, "old mask");
        import.refuse(PhotoRefusal { taken: true, ..PhotoRefusal::default() });
        assert!(import.replaces());
        import.form.anyway = true;
        import.take_photo(Path::new("/p/other.png"));
        assert_eq!((import.form.photo.as_str(), import.form.title.as_str()), ("/p/other.png", "old mask"));
        assert!(import.refused.is_none() && !import.form.anyway);
        import.form.title = "another".to_owned();
        assert!(!import.replaces(), "only the name that was refused");
    }
}
