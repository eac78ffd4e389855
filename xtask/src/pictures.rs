//! `cargo xtask pictures record | compare`: are the program's pictures the same to the bit as before a change?
//!
//! What `omote run` makes of the built-in actor, of the clips beside the checkout and of still pictures, and what the
//! pipeline shows in its 10,000 fault sequences, is kept as one hash a picture in `target/pictures`.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail, ensure};
use clap::{Args, ValueEnum};

use crate::steps::Steps;
use crate::{build_all, cargo, root, target_folder};

/// Options of `cargo xtask pictures`.
#[derive(Args)]
pub(crate) struct PicturesArgs {
    /// Keep the hashes of this tree's pictures, or compare its pictures with those that were kept
    task: Task,
    /// A program that is built already; nothing is built then, and the fault sequences are left out
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Task {
    /// Keep the hashes of this tree's pictures
    Record,
    /// Compare this tree's pictures with those that were kept
    Compare,
}

/// One run of the program.
struct Case {
    name: &'static str,
    /// The input: `actor`, or a path below the folder of media beside the checkout.
    input: &'static str,
    options: &'static [&'static str],
    /// Stands in for a swap model: the family of the generated network.
    model: Option<&'static str>,
}

const fn case(name: &'static str, input: &'static str, options: &'static [&'static str]) -> Case {
    Case { name, input, options, model: None }
}

/// The actor at a size that leaves the whole list within minutes.
const SMALL: [&str; 4] = ["--size", "640x360", "--seconds", "4"];

const CASES: [Case; 17] = [
    case("actor", "actor", &[]),
    case("actor-protect", "actor", &["--privacy", "protect"]),
    case("actor-composite", "actor", &["-p", "composite-2", "--shape", "1", "--eyes", "0.5", "--mouth", "1"]),
    case("actor-sliders", "actor", &["-p", "oni", "--edge", "2", "--sharpness", "2", "--light", "0.3"]),
    case("actor-turned", "actor", &["--mirror", "--rotate", "90", "--badge", "top-left"]),
    case("actor-gpu", "actor", &["--backend", "gpu", "-p", "urushi"]),
    Case {
        name: "actor-model",
        input: "actor",
        options: &["-p", "composite-1", "--model-lag", "150", "--privacy", "protect"],
        model: Some("inswapper_128"),
    },
    Case {
        name: "actor-model-each",
        input: "actor",
        options: &["-p", "composite-3", "--fps", "10"],
        model: Some("hyperswap_256"),
    },
    case("dev_cross", "clips/dev_cross.mjpeg", &[]),
    case("dev_cross-protect", "clips/dev_cross.mjpeg", &["--privacy", "protect"]),
    case("dev_cross-two", "clips/dev_cross.mjpeg", &["--max-faces", "2", "-p", "oni", "-p", "kitsune"]),
    case("dev_hand", "clips/dev_hand.mjpeg", &["-p", "composite-1"]),
    case("dev_hand-protect", "clips/dev_hand.mjpeg", &["--privacy", "protect"]),
    case("dev_move", "clips/dev_move.mjpeg", &[]),
    case("dev_move-protect", "clips/dev_move.mjpeg", &["--privacy", "protect", "-p", "composite-3"]),
    case("groups", "groups", &["--album", "--max-faces", "8", "--scale", "960x640"]),
    case("faces", "faces/face_03.jpg", &["-p", "calavera"]),
];

/// Runs the cases and keeps or compares their hashes. True if nothing differs.
pub(crate) fn run(args: &PicturesArgs) -> anyhow::Result<bool> {
    let mut steps = Steps::new();
    let program = match &args.program {
        Some(program) => program.clone(),
        None => {
            if !steps.run("build", &mut build_all(&[])) {
                return Ok(steps.finish());
            }
            target_folder()?.join("debug").join(format!("omote{}", std::env::consts::EXE_SUFFIX))
        }
    };
    let kept = target_folder()?.join("pictures");
    fs::create_dir_all(&kept).with_context(|| format!("can't make {}", kept.display()))?;
    let work = kept.join("working");
    let media = root().join("../shared/media");
    for case in &CASES {
        if case.input != "actor" && !media.is_dir() {
            steps.skip(case.name, "there is no ../shared/media beside the checkout".to_owned());
            continue;
        }
        steps.check(case.name, || {
            let hashes = pictures_of(case, &program, &media, &work).map_err(|error| format!("{error:#}"))?;
            judge(args.task, &kept.join(case.name), &hashes).map_err(|error| format!("{error:#}"))
        });
    }
    if args.program.is_none() {
        fault_sequences(&mut steps, args.task, &kept, &work)?;
    }
    fs::remove_dir_all(&work).or_else(missing_is_fine)?;
    Ok(steps.finish())
}

fn missing_is_fine(error: std::io::Error) -> std::io::Result<()> {
    if error.kind() == std::io::ErrorKind::NotFound { Ok(()) } else { Err(error) }
}

/// An empty folder in place of whatever is there.
fn emptied(folder: &Path) -> anyhow::Result<()> {
    fs::remove_dir_all(folder).or_else(missing_is_fine).context("can't empty the working folder")?;
    fs::create_dir_all(folder).with_context(|| format!("can't make {}", folder.display()))
}

/// The hashes of what the program makes of a case, one a picture.
fn pictures_of(case: &Case, program: &Path, media: &Path, work: &Path) -> anyhow::Result<Vec<String>> {
    emptied(work)?;
    let folder = case.input == "groups";
    let out = if folder { work.join("out") } else { work.join("out.y4m") };
    let out = if case.input.ends_with(".jpg") { work.join("out.png") } else { out };
    let mut omote = Command::new(program);
    omote.arg("run");
    match case.input {
        "actor" => omote.arg("actor").args(SMALL),
        input => omote.arg(media.join(input)),
    };
    omote.args(case.options).arg("--out").arg(&out);
    if !case.options.contains(&"--backend") {
        omote.args(["--backend", "cpu"]);
    }
    if let Some(family) = case.model {
        // A registry of its own: what is measured there is no model of the user's.
        let data = work.join("data");
        data_with_networks(&data)?;
        let mut add = Command::new(program);
        add.args(["models", "add"]).arg(stand_in("recogniser", work)?).arg("--data").arg(&data);
        let added = add.stdin(Stdio::null()).output().context("the program can't be run")?;
        ensure!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr).trim().to_owned());
        omote.arg("--model").arg(stand_in(family, work)?).args(["--model-provider", "cpu"]);
        omote.arg("--data").arg(data);
    }
    let output = omote.stdin(Stdio::null()).output().context("the program can't be run")?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr).trim().to_owned());
    if folder {
        let mut files: Vec<PathBuf> =
            fs::read_dir(&out)?.map(|entry| Ok(entry?.path())).collect::<anyhow::Result<_>>()?;
        files.sort();
        return files.iter().map(|file| Ok(blake3::hash(&fs::read(file)?).to_string())).collect();
    }
    if out.extension().is_some_and(|ending| ending == "png") {
        return Ok(vec![blake3::hash(&fs::read(&out)?).to_string()]);
    }
    frames_of_y4m(&out)
}

/// A data folder with the user's networks and library, and nothing else of it.
fn data_with_networks(folder: &Path) -> anyhow::Result<()> {
    let data = crate::data_folder().context("there is no data folder: `omote setup` makes one")?;
    fs::create_dir_all(folder)?;
    for entry in fs::read_dir(&data).with_context(|| format!("can't read {}", data.display()))? {
        let entry = entry?;
        let name = entry.file_name();
        // What swap models are known, and what was made from them, is the user's own.
        let of_models = ["swap-models", "swap_models", "engines"].iter().any(|own| name == *own)
            || name.to_string_lossy().ends_with(".json");
        if !of_models {
            link(&entry.path(), &folder.join(name))?;
        }
    }
    Ok(())
}

fn link(from: &Path, to: &Path) -> anyhow::Result<()> {
    #[cfg(unix)]
    std::os::unix::fs::symlink(from, to)?;
    #[cfg(not(unix))]
    bail!("{} and {}: only where there are symbolic links", from.display(), to.display());
    Ok(())
}

/// A generated network in a file.
fn stand_in(family: &str, work: &Path) -> anyhow::Result<PathBuf> {
    let file = work.join(format!("{family}.onnx"));
    let writer = target_folder()?.join("debug/examples/stand_in");
    let status = Command::new(&writer).arg(family).arg(&file).status();
    ensure!(
        status.with_context(|| format!("can't run {}", writer.display()))?.success(),
        "the network was not written"
    );
    Ok(file)
}

/// The hash of each frame of a YUV4MPEG2 file.
fn frames_of_y4m(file: &Path) -> anyhow::Result<Vec<String>> {
    let mut reader = BufReader::new(fs::File::open(file)?);
    let mut head = String::new();
    reader.read_line(&mut head)?;
    let number = |letter: char| -> anyhow::Result<usize> {
        let word = head.split_whitespace().find_map(|word| word.strip_prefix(letter));
        Ok(word.with_context(|| format!("no {letter} in {head}"))?.parse()?)
    };
    let (width, height) = (number('W')?, number('H')?);
    let chroma = if head.contains("C444") {
        2 * width * height
    } else if head.contains("C422") {
        2 * width.div_ceil(2) * height
    } else {
        2 * width.div_ceil(2) * height.div_ceil(2)
    };
    let mut picture = vec![0; width * height + chroma];
    let mut hashes = Vec::new();
    let mut line = String::new();
    while reader.read_line(&mut line)? > 0 {
        ensure!(line.starts_with("FRAME"), "frame {} does not begin with FRAME", hashes.len());
        reader.read_exact(&mut picture)?;
        hashes.push(blake3::hash(&picture).to_string());
        line.clear();
    }
    Ok(hashes)
}

/// Keeps the hashes, or says how they differ from those that were kept.
fn judge(task: Task, file: &Path, hashes: &[String]) -> anyhow::Result<String> {
    ensure!(!hashes.is_empty(), "no picture came out");
    if task == Task::Record {
        fs::write(file, hashes.join("\n"))?;
        return Ok(format!("{} pictures kept", hashes.len()));
    }
    let kept = fs::read_to_string(file).context("nothing was kept: `cargo xtask pictures record` first")?;
    let kept: Vec<&str> = kept.lines().collect();
    ensure!(kept.len() == hashes.len(), "{} pictures, {} before", hashes.len(), kept.len());
    let differ: Vec<usize> =
        kept.iter().zip(hashes).enumerate().filter(|(_, (a, b))| *a != b).map(|(i, _)| i).collect();
    match differ.first() {
        None => Ok(format!("{} pictures, all the same", hashes.len())),
        Some(first) => bail!("{} of {} pictures differ, the first is {first}", differ.len(), hashes.len()),
    }
}

/// The pipeline's fault sequences, whose test writes a hash for each of its parts.
fn fault_sequences(steps: &mut Steps, task: Task, kept: &Path, work: &Path) -> anyhow::Result<()> {
    emptied(work)?;
    let mut tests = cargo(&["test", "--workspace"]);
    tests.args(["--lib", "no_magenta_pixel"]).env("OMOTE_PICTURE_HASHES", work);
    if !steps.run("fault sequences", &mut tests) {
        return Ok(());
    }
    steps.check("their pictures", || {
        let read = || -> anyhow::Result<Vec<String>> {
            let mut files: Vec<PathBuf> =
                fs::read_dir(work)?.map(|entry| Ok(entry?.path())).collect::<anyhow::Result<_>>()?;
            files.sort();
            ensure!(files.len() == 4, "{} of 4 parts wrote a hash", files.len());
            files.iter().map(|file| Ok(fs::read_to_string(file)?)).collect()
        };
        read().and_then(|hashes| judge(task, &kept.join("faults"), &hashes)).map_err(|e| format!("{e:#}"))
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_told_apart_and_one_that_differs_is_named() {
        let folder = std::env::temp_dir().join(format!("omote-pictures-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let clip = |name: &str, third: u8| {
            let file = folder.join(name);
            let mut bytes = b"YUV4MPEG2 W3 H3 F30:1 C420jpeg\n".to_vec();
            for luma in [1, 2, third] {
                bytes.extend_from_slice(b"FRAME\n");
                // Nine samples of luma, two times four of chroma: odd sizes round up.
                bytes.extend_from_slice(&[luma; 17]);
            }
            fs::write(&file, bytes).unwrap();
            frames_of_y4m(&file).unwrap()
        };
        let (before, after) = (clip("a.y4m", 3), clip("b.y4m", 4));
        assert_eq!((before.len(), before[0] == before[1]), (3, false));
        let kept = folder.join("kept");
        judge(Task::Record, &kept, &before).unwrap();
        assert!(judge(Task::Compare, &kept, &before).is_ok());
        let said = judge(Task::Compare, &kept, &after).unwrap_err().to_string();
        assert_eq!(said, "1 of 3 pictures differ, the first is 2");
        assert!(judge(Task::Compare, &kept, &before[..2]).is_err());
        assert!(judge(Task::Compare, &folder.join("none"), &before).is_err());
        fs::remove_dir_all(&folder).unwrap();
    }
}
