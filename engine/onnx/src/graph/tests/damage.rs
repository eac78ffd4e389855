//! Random damage: always an answer, never a panic.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// Skims the bytes, and reads all floats where that works.
fn survives(bytes: &[u8]) -> Result<(), TestCaseError> {
    let graph = match skim_bytes(bytes) {
        Ok(graph) => graph,
        Err(error) => {
            let text = error.to_string();
            prop_assert!(text.len() > 20 && text.ends_with(": (in memory)"), "{text}");
            return Ok(());
        }
    };
    let (_folder, path) = save(bytes);
    for initializer in &graph.initializers {
        match graph.floats(&path, initializer) {
            Ok(values) => prop_assert_eq!(values.len() as u64, initializer.elements()),
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
    }
    Ok(())
}

#[derive(Debug, Clone)]
enum Change {
    Set(usize, u8),
    Flip(usize, u8),
    Insert(usize, Vec<u8>),
    Remove(usize, usize),
    Cut(usize),
}

fn change() -> impl Strategy<Value = Change> {
    let at = 0usize..4096;
    prop_oneof![
        (at.clone(), any::<u8>()).prop_map(|(at, byte)| Change::Set(at, byte)),
        (at.clone(), 0u8..8).prop_map(|(at, bit)| Change::Flip(at, 1 << bit)),
        (at.clone(), vec(any::<u8>(), 1..12)).prop_map(|(at, bytes)| Change::Insert(at, bytes)),
        (at.clone(), 1usize..12).prop_map(|(at, size)| Change::Remove(at, size)),
        at.prop_map(Change::Cut),
    ]
}

fn damaged(mut bytes: Vec<u8>, changes: Vec<Change>) -> Vec<u8> {
    for change in changes {
        let size = bytes.len().max(1);
        match change {
            Change::Set(at, byte) => bytes.iter_mut().skip(at % size).take(1).for_each(|b| *b = byte),
            Change::Flip(at, bit) => bytes.iter_mut().skip(at % size).take(1).for_each(|b| *b ^= bit),
            Change::Insert(at, more) => drop(bytes.splice(at % size..at % size, more)),
            Change::Remove(at, n) => drop(bytes.drain(at % size..(at % size + n).min(bytes.len()))),
            Change::Cut(at) => bytes.truncate(at % size),
        }
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn a_damaged_file(changes in vec(change(), 1..6)) {
        survives(&damaged(swap(), changes))?;
    }

    #[test]
    fn random_bytes(bytes in vec(any::<u8>(), 0..400)) {
        survives(&bytes)?;
    }

    #[test]
    fn random_messages(graph in vec(any::<u8>(), 0..80), tensor in vec(any::<u8>(), 0..80), field in 1u32..30) {
        survives(&model(&[ends(), graph.clone()]))?;
        survives(&with_tensor(&tensor))?;
        survives(&model(&[ends(), bytes(field, &tensor)]))?;
        survives(&model(&[ends(), message(1, &[bytes(field, &tensor), message(5, &[bytes(field, &graph)])])]))?;
    }

    #[test]
    fn random_fields(fields in vec((1u32..30, any::<i64>(), vec(any::<u8>(), 0..40)), 0..12)) {
        let body: Vec<u8> = fields.iter().flat_map(|(n, v, b)| [int(*n, *v), bytes(*n, b)].concat()).collect();
        survives(&body)?;
        survives(&model(&[ends(), body.clone()]))?;
        survives(&with_tensor(&body))?;
    }

    #[test]
    fn one_damaged_length(at in 0usize..4096, length in any::<u64>()) {
        let whole = swap();
        let at = at % whole.len();
        survives(&[&whole[..at], &varint(length), &whole[at + 1..]].concat())?;
    }
}
