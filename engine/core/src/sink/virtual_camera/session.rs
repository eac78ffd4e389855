//! Where the PipeWire session's socket is.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

/// The socket of this user's PipeWire session, where one is there. It is looked for as PipeWire's own
/// library does: `PIPEWIRE_REMOTE` (a name or a path) in `PIPEWIRE_RUNTIME_DIR` or `XDG_RUNTIME_DIR`.
pub fn pipewire_socket() -> Option<PathBuf> {
    let path = socket_path(|name| env::var_os(name).filter(|value| !value.is_empty()))?;
    path.exists().then_some(path)
}

fn socket_path(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let name = variable("PIPEWIRE_REMOTE").unwrap_or_else(|| "pipewire-0".into());
    let folder = variable("PIPEWIRE_RUNTIME_DIR").or_else(|| variable("XDG_RUNTIME_DIR"));
    match folder {
        Some(folder) => Some(PathBuf::from(folder).join(name)),
        None => Some(PathBuf::from(name)).filter(|path| path.is_absolute()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_socket_is_where_the_variables_say() {
        let with = |set: &[(&str, &str)]| {
            socket_path(|name| set.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).into()))
        };
        let is = |path: &str| Some(PathBuf::from(path));
        let xdg = ("XDG_RUNTIME_DIR", "/run/user/1000");
        assert_eq!(with(&[xdg]), is("/run/user/1000/pipewire-0"));
        assert_eq!(with(&[xdg, ("PIPEWIRE_RUNTIME_DIR", "/run/pw")]), is("/run/pw/pipewire-0"));
        assert_eq!(with(&[xdg, ("PIPEWIRE_REMOTE", "other")]), is("/run/user/1000/other"));
        assert_eq!(with(&[xdg, ("PIPEWIRE_REMOTE", "/tmp/socket")]), is("/tmp/socket"));
        assert_eq!(with(&[]), None);
    }
}
