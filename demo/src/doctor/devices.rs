//! What `omote doctor` finds of cameras and of ways to be one.

use std::fs;
use std::path::{Path, PathBuf};

use omote_engine::sink::virtual_camera::{MODPROBE, pipewire_library, pipewire_socket};
use omote_engine::source::camera::{self, CameraInfo, CameraRequest, none_hint};

use super::{Finding, State};

/// Cameras, virtual cameras and PipeWire. A swap of files needs none of them.
pub(super) fn findings() -> Vec<Finding> {
    let all = camera::cameras();
    let (lent, real): (Vec<_>, Vec<_>) = all.into_iter().partition(|camera| camera.virtual_output);
    let mut found = cameras(&real);
    if cfg!(target_os = "linux") {
        let lent: Vec<_> = lent.iter().map(|c| (c, camera::holders(c.id.as_ref()))).collect();
        found.extend(loopback(Path::new("/sys/module/v4l2loopback"), &lent));
        let folder = ["PIPEWIRE_RUNTIME_DIR", "XDG_RUNTIME_DIR"].iter().find_map(std::env::var_os);
        let folder = folder.filter(|folder| !folder.is_empty()).map(PathBuf::from);
        let library = pipewire_library().map_err(str::to_owned);
        found.push(pipewire(library, pipewire_socket().as_deref(), folder.as_deref()));
    }
    found
}

fn cameras(found: &[CameraInfo]) -> Vec<Finding> {
    if found.is_empty() {
        let remedy = "without one, use the built-in actor";
        return vec![Finding::lacking("camera", State::Optional, format!("none: {}", none_hint()), remedy)];
    }
    let finding = |camera: &CameraInfo| {
        let name = format!("{} {}", camera.id, camera.name);
        match (&camera.trouble, camera.best(&CameraRequest::default())) {
            // The trouble's own words end with the remedy.
            (Some(trouble), _) => {
                Finding::lacking("camera", State::Optional, format!("{name}: {trouble}"), "")
            }
            (None, Some(mode)) => Finding::found("camera", format!("{name}: {mode} would be used")),
            (None, None) => Finding::found("camera", name),
        }
    };
    found.iter().map(finding).collect()
}

/// The kernel module for virtual cameras. `devices` are those that it made, and who holds each.
fn loopback(module: &Path, devices: &[(&CameraInfo, Vec<String>)]) -> Vec<Finding> {
    const WHAT: &str = "v4l2loopback";
    if !module.exists() {
        let detail = "the module is not loaded: no virtual camera for programs that can't read PipeWire";
        let remedy = format!("sudo apt-get install v4l2loopback-dkms, then {MODPROBE}");
        return vec![Finding::lacking(WHAT, State::Optional, detail, remedy)];
    }
    let version = fs::read_to_string(module.join("version")).unwrap_or_default();
    // Some builds of the module do not say.
    let version =
        if version.trim().is_empty() { "loaded".to_owned() } else { format!("version {}", version.trim()) };
    // One letter a device, in the order of their making: Y or N.
    let exclusive = fs::read_to_string(module.join("parameters/exclusive_caps")).unwrap_or_default();
    let mut exclusive = exclusive.trim().split(',').map(|letter| letter == "Y");
    if devices.is_empty() {
        let detail = format!("{version}, but it has no device");
        return vec![Finding::lacking(WHAT, State::Optional, detail, MODPROBE)];
    }
    let finding = |(camera, holders): &(&CameraInfo, Vec<String>)| {
        let name = format!("{version}, {} {}", camera.id, camera.name);
        let held = match &holders[..] {
            [] => "free".to_owned(),
            some => format!("open in {}", some.join(", ")),
        };
        match exclusive.next() {
            Some(true) => Finding::found(WHAT, format!("{name}: exclusive_caps, {held}")),
            _ => {
                let detail = format!("{name}: no exclusive_caps, so browsers don't list it; {held}");
                let remedy = format!("sudo modprobe -r v4l2loopback, then {MODPROBE}");
                Finding::lacking(WHAT, State::Optional, detail, remedy)
            }
        }
    };
    devices.iter().map(finding).collect()
}

/// What a program needs to be a PipeWire camera: the client library, and a session that answers at its socket.
fn pipewire(library: Result<(), String>, socket: Option<&Path>, folder: Option<&Path>) -> Finding {
    const WHAT: &str = "PipeWire";
    let lacking = |detail: String, remedy: &str| Finding::lacking(WHAT, State::Optional, detail, remedy);
    let start = "systemctl --user start pipewire wireplumber";
    if !cfg!(feature = "pipewire") {
        return lacking("this Omote was built without it".into(), "build it with the feature `pipewire`");
    }
    if let Err(cause) = library {
        let detail = format!("its client library can't be loaded ({cause})");
        return lacking(
            detail,
            "sudo apt install pipewire wireplumber, or your system's packages of that name",
        );
    }
    match (socket, folder) {
        (Some(socket), _) => match answers(socket) {
            Ok(()) => Finding::found(WHAT, socket.display().to_string()),
            Err(e) => lacking(
                format!("no answer at {} ({e})", socket.display()),
                "systemctl --user restart pipewire wireplumber",
            ),
        },
        (None, None) => lacking(
            "there is no session: XDG_RUNTIME_DIR is not set".into(),
            "log in to the desktop, or `export XDG_RUNTIME_DIR=/run/user/$(id -u)` if that folder exists",
        ),
        (None, Some(folder)) if !folder.is_dir() => lacking(
            format!(
                "there is no session: XDG_RUNTIME_DIR is {}, and that folder does not exist",
                folder.display()
            ),
            "log in to the desktop, which creates it",
        ),
        (None, Some(folder)) => {
            lacking(format!("there is no session with a socket in {}", folder.display()), start)
        }
    }
}

#[cfg(unix)]
fn answers(socket: &Path) -> std::io::Result<()> {
    std::os::unix::net::UnixStream::connect(socket).map(drop)
}

#[cfg(not(unix))]
fn answers(_: &Path) -> std::io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use omote_engine::source::camera::CameraMode;

    fn camera(id: &str, trouble: Option<&str>) -> CameraInfo {
        let mode = CameraMode {
            width: 1280,
            height: 720,
            rate: "30".parse().unwrap(),
            coding: "MJPEG".parse().unwrap(),
        };
        CameraInfo {
            id: id.into(),
            name: "Cam".into(),
            driver: "uvcvideo".into(),
            modes: vec![mode],
            trouble: trouble.map(Into::into),
            virtual_output: false,
            narrow: true,
        }
    }

    fn check(found: &[Finding], expected: &[(State, &str)]) {
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for (finding, (state, words)) in found.iter().zip(expected) {
            assert_eq!(finding.state, *state, "{finding:?}");
            assert!(finding.detail.contains(words), "{words}: {finding:?}");
        }
    }

    #[test]
    fn cameras_are_told_with_their_mode_or_their_trouble() {
        let busy = "in use by zoom (pid 7), close that program: /dev/video2";
        check(
            &cameras(&[camera("/dev/video0", None), camera("/dev/video2", Some(busy))]),
            &[(State::Found, "/dev/video0 Cam: MJPEG 1280x720 at 30"), (State::Optional, "zoom (pid 7)")],
        );
        check(&cameras(&[]), &[(State::Optional, "none")]);
    }

    #[test]
    fn the_module_is_told_with_its_devices() {
        let dir = tempfile::tempdir().unwrap();
        let module = dir.path();
        check(&loopback(&module.join("none"), &[]), &[(State::Optional, "not loaded")]);
        check(&loopback(module, &[]), &[(State::Optional, "no device")]);
        fs::create_dir(module.join("parameters")).unwrap();
        fs::write(module.join("parameters/exclusive_caps"), "Y,N,N,N\n").unwrap();
        fs::write(module.join("version"), "0.12.7\n").unwrap();
        let (a, b) = (camera("/dev/video1", None), camera("/dev/video3", None));
        check(
            &loopback(module, &[(&a, vec!["obs (pid 9)".into()]), (&b, vec![])]),
            &[
                (State::Found, "version 0.12.7, /dev/video1 Cam: exclusive_caps, open in obs (pid 9)"),
                (State::Optional, "/dev/video3 Cam: no exclusive_caps, so browsers don't list it; free"),
            ],
        );
    }

    #[test]
    fn the_readme_has_the_line_that_doctor_and_the_errors_give() {
        let readme = include_str!("../../../README.md");
        assert!(readme.contains(MODPROBE), "{MODPROBE}");
        assert_eq!(readme.matches("modprobe v4l2loopback").count(), 1, "the line stands there once");
        let told = loopback(Path::new("/nowhere/module"), &[]);
        assert!(told[0].remedy.contains(MODPROBE), "{told:?}");
    }

    #[test]
    fn the_session_is_told_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let (folder, socket) = (dir.path(), dir.path().join("pipewire-0"));
        if !cfg!(feature = "pipewire") {
            return check(&[pipewire(Ok(()), None, None)], &[(State::Optional, "without it")]);
        }
        check(
            &[
                pipewire(Err("no such file".into()), Some(&socket), Some(folder)),
                pipewire(Ok(()), None, None),
                pipewire(Ok(()), None, Some(&folder.join("gone"))),
                pipewire(Ok(()), None, Some(folder)),
            ],
            &[
                (State::Optional, "client library"),
                (State::Optional, "XDG_RUNTIME_DIR is not set"),
                (State::Optional, "does not exist"),
                (State::Optional, "no session with a socket"),
            ],
        );
        // Left behind by a session that was killed.
        drop(std::os::unix::net::UnixListener::bind(&socket).unwrap());
        check(&[pipewire(Ok(()), Some(&socket), None)], &[(State::Optional, "no answer at")]);
        fs::remove_file(&socket).unwrap();
        let _session = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        check(&[pipewire(Ok(()), Some(&socket), None)], &[(State::Found, "pipewire-0")]);
    }
}
