use super::*;

fn camera(id: &str, name: &str, trouble: bool, virtual_output: bool) -> CameraInfo {
    let trouble = trouble.then(|| "in use".to_owned());
    let (id, name) = (id.into(), name.into());
    CameraInfo { id, name, driver: String::new(), modes: Vec::new(), trouble, virtual_output, narrow: true }
}

#[test]
fn cameras_are_found_by_id_and_by_part_of_their_name() {
    let there = [
        camera("/dev/video0", "OBS Virtual Camera", false, true),
        camera("/dev/video1", "HD Pro Webcam C920", true, false),
        camera("/dev/video2", "HD Pro Webcam C920", false, false),
        camera("/dev/video4", "Studio Camera", false, false),
    ];
    for (wanted, id) in [
        ("c920", Some("/dev/video2")),
        ("/dev/video1", Some("/dev/video1")),
        ("camera", Some("/dev/video4")),
        ("OBS", Some("/dev/video0")),
        ("kinect", None),
    ] {
        assert_eq!(named(&there, wanted).map(|c| c.id.as_str()), id, "{wanted}");
    }
    let said = unknown(&there, "kinect").to_string();
    assert!(said.contains("Studio Camera (/dev/video4)") && said.ends_with("kinect"), "{said}");
    assert!(unknown(&[], "kinect").to_string().contains("no camera was found"));
}

#[cfg(target_os = "linux")]
#[test]
fn a_device_that_is_not_there_is_missing_and_one_that_is_none_is_refused() {
    use crate::error::{ErrorKind, Stage};
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("video0");
    let ask = |device: &str| {
        let request = CameraRequest { device: Some(device.into()), ..CameraRequest::default() };
        open_camera(&request, &Pool::new()).err().unwrap()
    };
    let device = path.display().to_string();
    let error = ask(&device);
    if cfg!(feature = "v4l") {
        assert_eq!((error.kind(), error.stage()), (ErrorKind::Missing, Stage::Source), "{error}");
        std::fs::write(&path, "no device").unwrap();
        let error = ask(&device);
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
        assert!(error.to_string().contains("no video device"), "{error}");
        assert_eq!(ask("/dev/\0").kind(), ErrorKind::Missing);
    } else {
        assert_eq!(error.kind(), ErrorKind::Backend, "{error}");
    }
}

#[cfg(all(target_os = "linux", not(feature = "nokhwa")))]
#[test]
fn the_other_library_is_named_where_it_is_not_built_in() {
    let request = CameraRequest { device: Some("nokhwa:0".into()), ..CameraRequest::default() };
    let error = open_camera(&request, &Pool::new()).err().unwrap();
    assert!(error.to_string().contains("feature `nokhwa`"), "{error}");
}
