use super::*;
use omote_engine::canonical_uv::CANONICAL_UV;
use omote_engine::frame::{Colour, PixelFormat};
use omote_engine::glam::Vec2;
use omote_engine::infer::stand_in::{self, StandIn};

fn runtime() -> Runtime {
    Runtime::portable()
}

fn tested(folder: &Path, network: &StandIn) -> Entry {
    let path = folder.join(format!("{}.onnx", network.name));
    fs::write(&path, network.bytes()).unwrap();
    check(&runtime(), &path, &Declared::default(), &mut |_| ()).unwrap()
}

#[test]
fn what_was_added_is_there_next_time_and_says_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut registry = Registry::open(&data).unwrap();
    assert!(registry.entries().is_empty());
    for network in
        [StandIn::hyperswap_256(), StandIn::recogniser(), StandIn::xseg_nchw(), StandIn::dfm(96, 128)]
    {
        registry.add(tested(folder.path(), &network)).unwrap();
    }
    let again = Registry::open(&data).unwrap();
    assert_eq!(again.entries(), registry.entries());
    assert_eq!(again.swaps().count(), 2);
    let entry = again.find("hyperswap_256").unwrap();
    let line = entry.line();
    assert!(line.starts_with("hyperswap 256: ") && line.contains("ms on CPU; licence: FaceFusion"), "{line}");
    assert!(again.find(&entry.sha256[..12]).is_ok() && again.find(&entry.path.display().to_string()).is_ok());
    let none = again.find("nothing").unwrap_err().to_string();
    assert!(none.contains("hyperswap_256") && none.contains("omote models add"), "{none}");
    assert!(Registry::open(&data).unwrap().remove("hyperswap_256").unwrap());
    assert!(Registry::open(&data).unwrap().find("hyperswap_256").is_err());
}

#[test]
fn the_same_file_is_taken_once_and_another_of_its_name_gets_a_number() {
    let folder = tempfile::tempdir().unwrap();
    let other = folder.path().join("other");
    fs::create_dir(&other).unwrap();
    let mut registry = Registry::open(&folder.path().join("data")).unwrap();
    for _ in 0..2 {
        registry.add(tested(folder.path(), &StandIn::hyperswap_256())).unwrap();
    }
    assert_eq!(registry.entries().len(), 1);
    let network = StandIn { name: "hyperswap_256", ..StandIn::inswapper_128() };
    registry.add(tested(&other, &network)).unwrap();
    let names: Vec<&str> = registry.entries().iter().map(|e| e.name.as_str()).collect();
    assert_eq!(names, ["hyperswap_256", "hyperswap_256-2"]);
}

#[test]
fn two_programs_that_add_at_once_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    // Both have read the empty list, as two windows do.
    let (mut one, mut two) = (Registry::open(&data).unwrap(), Registry::open(&data).unwrap());
    one.add(tested(folder.path(), &StandIn::hyperswap_256())).unwrap();
    let same_name = folder.path().join("other");
    fs::create_dir(&same_name).unwrap();
    let network = StandIn { name: "hyperswap_256", ..StandIn::inswapper_128() };
    assert_eq!(two.add(tested(&same_name, &network)).unwrap().name, "hyperswap_256-2");
    let names =
        |registry: &Registry| -> Vec<String> { registry.entries().iter().map(|e| e.name.clone()).collect() };
    assert_eq!(names(&Registry::open(&data).unwrap()), ["hyperswap_256", "hyperswap_256-2"]);
    assert_eq!(names(&two), ["hyperswap_256", "hyperswap_256-2"]);
    // One that the other has taken off is not brought back, and what it knows nothing of is taken off all the same.
    assert!(two.remove("hyperswap_256").unwrap() && !one.remove("hyperswap_256").unwrap());
    assert_eq!(names(&one), ["hyperswap_256-2"]);
    // A list that was damaged meanwhile is not written over.
    let list = data.join("swap-models.toml");
    fs::write(&list, "[[model]]\nname = 3\n").unwrap();
    assert!(one.remove("hyperswap_256-2").unwrap_err().to_string().contains("damaged"));
    assert_eq!(fs::read_to_string(&list).unwrap(), "[[model]]\nname = 3\n");
}

#[test]
fn a_copy_has_a_name_of_its_own_and_a_moved_file_keeps_its() {
    let folder = tempfile::tempdir().unwrap();
    let mut registry = Registry::open(&folder.path().join("data")).unwrap();
    let first = registry.add(tested(folder.path(), &StandIn::hyperswap_256())).unwrap().clone();
    let copy = folder.path().join("copy.onnx");
    fs::copy(&first.path, &copy).unwrap();
    let entry = Entry { name: "copy".to_owned(), path: copy.clone(), ..first.clone() };
    registry.add(entry.clone()).unwrap();
    let names = |registry: &Registry| registry.entries().iter().map(|e| e.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&registry), [&first.name, "copy"], "the first name is still there");
    assert!(registry.find(&first.name).is_ok() && registry.find("copy").is_ok());
    let moved = folder.path().join("moved.onnx");
    fs::rename(&copy, &moved).unwrap();
    registry.add(Entry { name: "moved".to_owned(), path: moved, ..first.clone() }).unwrap();
    assert_eq!(names(&registry), [&first.name, "copy"], "it was moved, and is the same");
    assert!(registry.find("copy").is_ok());
}

#[test]
fn a_file_that_changed_or_went_is_not_used() {
    let folder = tempfile::tempdir().unwrap();
    let mut registry = Registry::open(&folder.path().join("data")).unwrap();
    let entry = registry.add(tested(folder.path(), &StandIn::hyperswap_256())).unwrap().clone();
    // Only touched: the hash tells that it is the same.
    let bytes = fs::read(&entry.path).unwrap();
    let stale = Entry { changed: entry.changed - 100, ..entry.clone() };
    assert!(stale.check().is_ok());
    // As long, and another one.
    let mut changed = bytes.clone();
    *changed.last_mut().unwrap() ^= 1;
    fs::write(&entry.path, &changed).unwrap();
    assert!(stale.check().unwrap_err().to_string().contains("another file"));
    // Weights beside it count as much.
    fs::write(&entry.path, &bytes).unwrap();
    let beside = folder.path().join("weights.data");
    fs::write(&beside, [1, 2, 3]).unwrap();
    let weights = Weights::from_file(beside.clone()).unwrap();
    let whole = Entry { weights: vec![Weights { changed: weights.changed - 5, ..weights }], ..entry.clone() };
    assert!(whole.check().is_ok());
    fs::write(&beside, [1, 2, 4]).unwrap();
    assert!(whole.check().unwrap_err().to_string().contains("weights.data"));
    fs::remove_file(&entry.path).unwrap();
    assert!(registry.find("hyperswap_256").unwrap_err().to_string().contains("is gone"));
}

#[test]
fn a_damaged_list_is_named_and_not_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("swap-models.toml");
    fs::write(&list, "[[model]]\nname = 3\n").unwrap();
    let message = Registry::open(folder.path()).unwrap_err().to_string();
    assert!(message.contains("damaged") && message.contains("swap-models.toml"), "{message}");
    assert_eq!(fs::read_to_string(&list).unwrap(), "[[model]]\nname = 3\n");
}

#[test]
fn a_provider_that_is_gone_is_told_and_the_next_one_serves() {
    let folder = tempfile::tempdir().unwrap();
    let mut entry = tested(folder.path(), &StandIn::hyperswap_256());
    entry.measured.insert(0, Measured { provider: Provider::Cuda, half: false, ms: Some(1.0), fault: None });
    let mut registry = Registry::open(&folder.path().join("data")).unwrap();
    let entry = registry.add(entry).unwrap().clone();
    assert_eq!(entry.best().unwrap().provider, Provider::Cuda);
    let mut told = Vec::new();
    let report = &mut |what: &str| told.push(what.to_owned());
    let (_, provider) = registry.load_swap(&runtime(), &entry, None, None, report).unwrap();
    assert_eq!(provider, Provider::Cpu);
    assert!(told.len() == 1 && told[0].contains("CUDA"), "{told:?}");
    let mut told = Vec::new();
    let report = &mut |what: &str| told.push(what.to_owned());
    let (_, provider) =
        registry.load_swap(&runtime(), &entry, Some(Provider::TensorRt), None, report).unwrap();
    assert_eq!((provider, told.len()), (Provider::Cpu, 1));
}

#[test]
fn vectors_come_from_the_recogniser_and_the_family_s_converter() {
    let folder = tempfile::tempdir().unwrap();
    let mut registry = Registry::open(&folder.path().join("data")).unwrap();
    assert!(registry.recogniser(&runtime()).unwrap().is_none());
    assert!(registry.convert(&runtime(), Family::Simswap, &[1.0; 512]).unwrap().is_none());
    registry.add(tested(folder.path(), &StandIn::recogniser())).unwrap();
    let path = folder.path().join("crossface_simswap.onnx");
    fs::write(&path, StandIn::converter().bytes()).unwrap();
    registry.add(check(&runtime(), &path, &Declared::default(), &mut |_| ()).unwrap()).unwrap();
    let recogniser = registry.recogniser(&runtime()).unwrap().unwrap();
    assert_eq!(recogniser.sha256().len(), 64);
    let raw: Vec<f32> = (0..512).map(|i| i as f32 - 200.0).collect();
    for family in [Family::Simswap, Family::SimswapUnofficial] {
        let made = registry.convert(&runtime(), family, &raw).unwrap().unwrap();
        let wanted = stand_in::converted(&raw);
        assert!(made.iter().zip(&wanted).all(|(a, b)| (a - b).abs() < 1e-4));
    }
    assert!(registry.convert(&runtime(), Family::Ghost, &raw).unwrap().is_none());
    // A second network of the recogniser's shape is an adapter where the user says so; on one colour both say the same.
    let grey = Frame::filled(PixelFormat::Rgb, Colour::JPEG, 200, 200, [51, 102, 153]).unwrap();
    let place = |uv: &[f32; 2]| (Vec2::from_array(*uv) * 90.0 + 55.0).extend(0.0);
    let mesh: Vec<MeshPoint> = CANONICAL_UV.iter().map(place).collect();
    assert!(registry.adapt(&runtime(), Family::Cscs, &grey, &mesh).unwrap().is_none());
    let path = folder.path().join("id_adapter.onnx");
    fs::write(
        &path,
        StandIn { name: "id_adapter", ..StandIn::recogniser() }.with_work(stand_in::Work::Small).bytes(),
    )
    .unwrap();
    let declared = Declared { family: Some(Family::Cscs), ..Declared::default() };
    let adapter = check(&runtime(), &path, &declared, &mut |_| ()).unwrap();
    assert!(adapter.title == "adapter for cscs" && adapter.purpose == Purpose::Adapter(Family::Cscs));
    registry.add(adapter).unwrap();
    let both = registry.adapt(&runtime(), Family::Cscs, &grey, &mesh).unwrap().unwrap();
    let one = of_unit_length(&stand_in::embedding([0.2, 0.4, 0.6]));
    assert!(both.iter().zip(&one).all(|(a, b)| (a - b * 2.0).abs() < 1e-3));
}

#[test]
fn a_side_car_describes_what_no_graph_tells() {
    let folder = tempfile::tempdir().unwrap();
    let network = StandIn::cscs_256();
    let path = folder.path().join("new_family.onnx");
    fs::write(&path, StandIn { result: stand_in::Range::UNIT, ..network }.bytes()).unwrap();
    let text = "family = \"other\"\ntemplate = \"mtcnn\"\nsize = [256, 256]\nmean = [0.5, 0.5, 0.5]\nstd = [0.5, 0.5, 0.5]\n\
                source = { kind = \"unit\" }\nlicence = \"CC0-1.0\"\n";
    fs::write(path.with_extension("toml"), text).unwrap();
    let entry = check(&runtime(), &path, &Declared::default(), &mut |_| ()).unwrap();
    assert!(entry.line().starts_with("other 256: ") && entry.line().ends_with("CC0-1.0"), "{}", entry.line());
    assert!(!has_face(&path, None).unwrap());
    let built = text.replace("kind = \"unit\"", "kind = \"built\"");
    fs::write(path.with_extension("toml"), built).unwrap();
    assert!(
        check(&runtime(), &path, &Declared::default(), &mut |_| ()).is_err(),
        "the vector's input is left over"
    );
    fs::write(path.with_extension("toml"), "family = \"other\"\n").unwrap();
    let message = check(&runtime(), &path, &Declared::default(), &mut |_| ()).unwrap_err().to_string();
    assert!(message.contains("new_family.toml") && message.contains("template"), "{message}");
    let dfm = folder.path().join("someone.dfm");
    fs::write(&dfm, StandIn::dfm(96, 96).bytes()).unwrap();
    assert!(has_face(&dfm, None).unwrap());
}
